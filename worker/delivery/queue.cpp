#include "worker/delivery/queue.hpp"

#include <algorithm>
#include <utility>

#include "shared/redis/page.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRenewEvery{3'000};
constexpr milliseconds kBlock{2'000};  // below the read's deadline
constexpr milliseconds kReadDeadline{4'000};
constexpr milliseconds kWatchEvery{5'000};
constexpr std::uint64_t kSameErrorEvery = 60'000;
constexpr std::size_t kMostNames = 16;
constexpr std::size_t kPage = 32;

}  // namespace

Queue::Queue(redis::Host& host, Log& log, redis::Client& commands, QueueOptions options,
             std::string token, QueueOwner& owner)
    : host_(host),
      log_(log),
      options_(std::move(options)),
      owner_(owner),
      store_(commands, options_.stream, options_.group, std::move(token)),
      reader_client_(host, {.link = options_.link, .max_pending = 1}),
      reader_(reader_client_) {
  reader_client_.on_change([this](bool ready) {
    missed_ = missed_ || !ready;
    if (ready && state_ == State::kServing) {
      step();
    }
  });
}

void Queue::start() {
  if (options_.consume) {
    reader_client_.start();
  }
}

void Queue::on_link(bool ready) {
  if (state_ != State::kStopped) {
    enter(ready ? State::kGrouping : State::kOffline);
  }
}

void Queue::stop() {
  enter(State::kStopped);
  reader_client_.stop();
}

void Queue::release(std::function<void()> released) {
  if (consumer_.empty()) {
    released();
  } else {
    store_.release(std::exchange(consumer_, {}), std::move(released));
  }
}

void Queue::tick() {
  const auto now = host_.now_ms();
  if (state_ == State::kWatching && now >= retry_at_ms_) {
    enter(State::kGrouping);
  } else {
    step();
  }
  if ((state_ == State::kSweeping || state_ == State::kServing) && !renewing_ &&
      now >= renewed_at_ms_ + static_cast<std::uint64_t>(kRenewEvery.count())) {
    renew();
  }
}

void Queue::room_changed() {
  if (state_ == State::kSweeping || state_ == State::kServing) {
    step();
  }
}

void Queue::enter(State next) {
  state_ = next;
  ++generation_;
  busy_ = false;
  retry_at_ms_ = 0;
  if (next == State::kSweeping) {
    page_ = "-";
    missed_ = false;
  }
  if (next == State::kWatching) {
    retry_at_ms_ = host_.now_ms() + static_cast<std::uint64_t>(kWatchEvery.count());
  }
  step();
}

void Queue::step() {
  if (busy_ || host_.now_ms() < retry_at_ms_) {
    return;
  }
  switch (state_) {
    case State::kGrouping:
      return ensure_group();
    case State::kLeasing:
      return lease();
    case State::kSweeping:
      return sweep();
    case State::kServing:
      return read();
    case State::kOffline:
    case State::kWatching:
    case State::kStopped:
      return;
  }
}

// ---- group --------------------------------------------------------------------------------------

void Queue::ensure_group() {
  busy_ = true;
  store_.ensure_group([this, generation = generation_](const Result<GroupState>& result) {
    if (generation != generation_) {
      return;
    }
    busy_ = false;
    if (!result) {
      return step_failed(result.error(), "creating the group");
    }
    if (result->existed_before || (result->created && group_existed_)) {
      log_.write(LogLevel::kError, "the group was lost and begins again at its mark",
                 {{"stream", options_.stream}, {"group", options_.group}, {"mark", result->start}});
    } else if (result->created) {
      log_.write(LogLevel::kNotice, "group created",
                 {{"stream", options_.stream}, {"group", options_.group}});
    }
    group_existed_ = true;
    last_error_.clear();
    enter(options_.consume ? State::kLeasing : State::kWatching);
    owner_.on_group_exists(*this);
  });
}

// Everything that Redis refuses comes here. The group's loss leads back to kGrouping after a pause.
void Queue::on_error(const Error& error, std::string_view during) {
  const bool away =
      error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kUnknownOutcome;
  if (away || state_ == State::kOffline || state_ == State::kStopped) {
    return;  // the links tell of themselves, and bring us back when they are
  }
  const auto now = host_.now_ms();
  if (error.message != last_error_ || now >= logged_at_ms_ + kSameErrorEvery) {
    last_error_ = error.message;
    logged_at_ms_ = now;
    log_.write(LogLevel::kError, "Redis refused",
               {{"stream", options_.stream}, {"during", during}, {"error", error.message}});
  }
  if (error.kind == ErrorKind::kNotFound && state_ != State::kGrouping) {
    state_ = State::kGrouping;
    ++generation_;
    busy_ = false;
    retry_later();
  }
}

// The same for a state's own step: not again before a second has passed, unless a link is to blame.
void Queue::step_failed(const Error& error, std::string_view during) {
  if (error.kind != ErrorKind::kUnavailable && error.kind != ErrorKind::kUnknownOutcome) {
    retry_later();
  }
  on_error(error, during);
}

// ---- name ---------------------------------------------------------------------------------------

std::vector<std::string> Queue::candidate_names() const {
  std::vector<std::string> names;
  if (!consumer_.empty()) {
    names.push_back(consumer_);  // rather keep the one that we have
  }
  for (std::size_t number = 1; number <= kMostNames; ++number) {
    auto name = options_.consumer + (number == 1 ? "" : "-" + std::to_string(number));
    if (name != consumer_) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

void Queue::lease() {
  busy_ = true;
  auto names = candidate_names();
  store_.lease(names, kLeaseTime,
               [this, names, generation = generation_,
                asked = host_.now_ms()](const Result<std::size_t>& place) {
                 if (generation != generation_) {
                   return;
                 }
                 busy_ = false;
                 if (!place) {
                   return step_failed(place.error(), "taking a consumer name");
                 }
                 if (*place == 0) {
                   return step_failed({ErrorKind::kConflict, "all consumer names are taken"},
                                      "taking a consumer name");
                 }
                 if (const auto& name = names[*place - 1]; name != consumer_) {
                   consumer_ = name;
                   log_.write(LogLevel::kInfo, "consuming",
                              {{"stream", options_.stream}, {"consumer", consumer_}});
                 }
                 renewed_at_ms_ = asked;
                 last_error_.clear();
                 enter(State::kSweeping);
               });
}

void Queue::renew() {
  renewing_ = true;
  store_.lease({consumer_}, kLeaseTime,
               [this, name = consumer_, asked = host_.now_ms()](const Result<std::size_t>& place) {
                 renewing_ = false;
                 if (!place) {
                   return on_error(place.error(), "renewing the consumer name");
                 }
                 if (*place == 0) {
                   return on_lease_lost(name);
                 }
                 renewed_at_ms_ = asked;
               });
}

void Queue::on_lease_lost(const std::string& consumer) {
  if (consumer != consumer_ || (state_ != State::kSweeping && state_ != State::kServing)) {
    return;
  }
  log_.write(LogLevel::kWarning, "the consumer name was lost to another worker, or had lapsed",
             {{"stream", options_.stream}, {"consumer", consumer_}});
  if (reading_) {
    reader_client_.reset("the consumer name was lost");
  }
  enter(State::kLeasing);
}

// ---- entries ------------------------------------------------------------------------------------

void Queue::sweep() {
  const auto room = std::min(owner_.room(*this), kPage);
  if (room == 0) {
    return;  // room_changed() goes on
  }
  busy_ = true;
  store_.reclaim(consumer_, consumer_, milliseconds{0}, page_, room,
                 [this, generation = generation_](Result<Handed> result) {
                   if (generation != generation_) {
                     return;
                   }
                   busy_ = false;
                   if (!result) {
                     return step_failed(result.error(), "reading what is pending");
                   }
                   if (result->state == Handed::State::kLost) {
                     return on_lease_lost(consumer_);
                   }
                   page_ = result->next_page;
                   const bool last = page_.empty();
                   take(std::move(*result), "taken up again");
                   if (last) {
                     enter(State::kServing);
                   } else {
                     step();
                   }
                 });
}

void Queue::on_pending(std::int64_t entries) {
  if (options_.metrics != nullptr) {
    options_.metrics->pending(options_.stream, entries);
  }
}

void Queue::take(Handed handed, std::string_view how) {
  if (options_.metrics != nullptr) {
    const char* taken = how == "due again" ? "retried" : how == "reclaimed" ? "reclaimed" : "read";
    options_.metrics->taken(options_.stream, taken, handed.deliveries.size());
    options_.metrics->trimmed(options_.stream, handed.trimmed.size());
  }
  for (const auto& id : handed.trimmed) {
    log_.write(LogLevel::kWarning, "an entry was deleted before it was delivered",
               {{"stream", options_.stream}, {"id", id}});
  }
  if (handed.deliveries.empty()) {
    return;
  }
  log_.write(LogLevel::kDebug, how,
             {{"stream", options_.stream},
              {"entries", static_cast<std::int64_t>(handed.deliveries.size())}});
  owner_.on_taken(*this, std::move(handed.deliveries));
}

void Queue::read() {
  if (reading_ || !reader_client_.ready()) {
    return;  // on_change() goes on
  }
  if (missed_) {
    return enter(State::kSweeping);
  }
  const auto room = std::min(owner_.room(*this), kPage);
  if (room == 0) {
    return;  // room_changed() goes on
  }
  reading_ = true;
  redis::Command command;
  command.arguments = {"XREADGROUP",
                       "GROUP",
                       options_.group,
                       consumer_,
                       "COUNT",
                       std::to_string(room),
                       "BLOCK",
                       std::to_string(kBlock.count()),
                       "STREAMS",
                       options_.stream,
                       ">"};
  command.timeout = kReadDeadline;
  reader_.command(std::move(command),
                  [this, consumer = consumer_](const Result<redis::Reply>& reply) {
                    on_read(consumer, reply);
                  });
}

// [[stream, [entry…]]], or nil when nothing came.
void Queue::on_read(const std::string& consumer, const Result<redis::Reply>& reply) {
  if (state_ == State::kStopped || !reply) {
    reading_ = false;
  }
  if (state_ == State::kStopped) {
    return;  // stays pending
  }
  if (!reply) {
    if (reply.error().kind == ErrorKind::kUnknownOutcome) {
      missed_ = true;
    }
    return step_failed(reply.error(), "reading");
  }
  std::vector<Delivery> deliveries;
  const auto entries = (*reply)[0][1];
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (auto entry = redis::parse_entry(entries[i])) {
      deliveries.push_back(
          Delivery{options_.stream, options_.group, consumer, std::move(*entry), 0});
    }
  }
  last_error_.clear();
  // Nothing more is read meanwhile: how much room there is shows once these are taken.
  store_.identify(std::move(deliveries), [this](std::vector<Delivery> known) {
    reading_ = false;
    if (state_ == State::kStopped) {
      return;
    }
    Handed handed;
    handed.deliveries = std::move(known);
    take(std::move(handed), "taken");
    step();
  });
}

}  // namespace notify::worker
