#include "worker/upkeep/queue_keeper.hpp"

#include <algorithm>
#include <optional>

#include "shared/redis/schema.hpp"

namespace notify::worker {
namespace {

using redis::Reply;
using std::chrono::milliseconds;

namespace scripts = redis::scripts;

constexpr milliseconds kNoWait{0};
constexpr const char* kPage = "64";
constexpr const char* kMostRemoved = "100";  // consumers in one sweep
// Another process may take over after so many looks that did not happen.
constexpr int kLeaseLooks = 5;
constexpr milliseconds kLeastLease{5'000};
// A look at so many pending entries costs Redis about a millisecond: it gets a second for each.
constexpr std::int64_t kPendingPerSecond = 10'000;

}  // namespace

QueueKeeper::QueueKeeper(redis::Host& host, Log& log, redis::Client& client, std::string token,
                         const Options& options)
    : host_(host),
      log_(log),
      calls_(client),
      token_(std::move(token)),
      options_(options),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { begin(); })) {}

void QueueKeeper::on_link(bool ready) {
  ready_ = ready;
  if (ready && !busy_ && !stopped_) {
    timer_->arm(options_.look);
  }
}

// The lease lapses by itself: its holder may be asked for no more.
void QueueKeeper::stop() {
  stopped_ = true;
  timer_->disarm();
}

// ---- one look over all --------------------------------------------------------------------------

void QueueKeeper::begin() {
  if (stopped_ || busy_ || !ready_) {
    return;
  }
  busy_ = true;
  const milliseconds ttl = std::max(options_.look * kLeaseLooks, kLeastLease);
  calls_.script(scripts::lease, {std::string(redis::kKeeperKey)},
                {token_, std::to_string(ttl.count())}, kNoWait, [this](const Result<Reply>& reply) {
                  if (!reply) {
                    failed("taking the lease of work queues", reply.error());
                    return end();
                  }
                  if (reply->integer() != 1) {
                    return end();  // another process looks after them
                  }
                  ++round_;
                  cursor_.assign(1, '0');
                  next_page();
                });
}

void QueueKeeper::next_page() {
  if (stopped_) {
    return end();
  }
  redis::Command command;
  command.repeat = redis::Repeat::kSafe;
  command.arguments = {"HSCAN", std::string(redis::kQueuesKey), cursor_, "COUNT", kPage};
  calls_.command(std::move(command), [this](const Result<Reply>& reply) {
    if (!reply) {
      failed("reading the list of work queues", reply.error());
      return end();
    }
    failing_ = false;
    on_page(*reply);
  });
}

void QueueKeeper::on_page(const Reply& page) {
  cursor_ = std::string(page[0].text());
  const Reply items = page[1];
  awaited_ = 1;  // this call itself
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    look_after(std::string(items[i].text()), items[i + 1].text());
  }
  answered();
}

redis::Completion QueueKeeper::expect(std::function<void(const Result<Reply>&)> done) {
  ++awaited_;
  return [this, done = std::move(done)](const Result<Reply>& reply) {
    done(reply);
    answered();
  };
}

void QueueKeeper::answered() {
  if (--awaited_ > 0) {
    return;
  }
  if (cursor_ != "0" && !cursor_.empty()) {
    return next_page();
  }
  std::erase_if(cares_, [this](const auto& item) { return item.second.round != round_; });
  end();
}

void QueueKeeper::end() {
  busy_ = false;
  if (!stopped_ && ready_) {
    timer_->arm(options_.look);
  }
}

void QueueKeeper::failed(const char* what, const Error& error) {
  if (!failing_) {
    failing_ = true;
    log_.write(LogLevel::kWarning, what, {{"error", error.message}});
  }
}

// ---- one queue ----------------------------------------------------------------------------------

void QueueKeeper::look_after(const std::string& pair, std::string_view settings) {
  const auto names = redis::parse_queue_pair(pair);
  const auto parsed = redis::parse_queue_settings(settings);
  if (!names || !parsed) {
    log_.write(LogLevel::kWarning, "an unreadable work queue is taken from the list",
               {{"queue", pair}});
    return drop(pair);
  }
  const std::uint64_t now = host_.now_ms();
  const auto [place, is_new] = cares_.try_emplace(pair);
  Care& care = place->second;
  care.round = round_;
  if (is_new) {
    const auto spread = static_cast<double>(options_.sweep.count());
    care.sweep_at_ms = now + static_cast<std::uint64_t>(host_.random() * spread);
  }
  const Queue queue{pair, names->first, names->second, *parsed};
  if (now >= care.look_at_ms) {
    look(queue);
  }
  if (now >= care.sweep_at_ms) {
    care.sweep_at_ms = now + static_cast<std::uint64_t>(options_.sweep.count());
    sweep(queue);
  }
}

void QueueKeeper::look(const Queue& queue) {
  calls_.script(
      scripts::overdue, {queue.stream},
      {queue.group, redis::control_channel(queue.stream, queue.group, options_.database),
       std::to_string(queue.settings.ack_timeout_ms)},
      kNoWait, expect([this, queue](const Result<Reply>& reply) {
        if (!reply) {
          return failed("looking for entries that were not finished in time", reply.error());
        }
        const auto care = cares_.find(queue.pair);
        const std::int64_t pending = (*reply)[1].integer().value_or(0);
        if (care != cares_.end() && pending > kPendingPerSecond) {
          care->second.look_at_ms =
              host_.now_ms() + static_cast<std::uint64_t>(pending / kPendingPerSecond) * 1'000;
        }
        if ((*reply)[2].integer() == 1) {
          log_.write(LogLevel::kDebug, "entries were not finished in time",
                     {{"stream", queue.stream}, {"group", queue.group}, {"pending", pending}});
        }
      }));
}

void QueueKeeper::sweep(const Queue& queue) {
  calls_.script(scripts::sweep,
                {queue.stream, redis::group_key(queue.stream, redis::kLeasesKind, queue.group)},
                {queue.group, std::to_string(options_.forget.count()), kMostRemoved}, kNoWait,
                expect([this, queue](const Result<Reply>& reply) {
                  if (!reply) {
                    return failed("sweeping a work queue", reply.error());
                  }
                  const std::int64_t removed = (*reply)[1].integer().value_or(0);
                  const std::int64_t live = (*reply)[3].integer().value_or(1);
                  if (removed > 0) {
                    log_.write(
                        LogLevel::kInfo, "unused consumers were removed",
                        {{"stream", queue.stream}, {"group", queue.group}, {"consumers", removed}});
                  }
                  if ((*reply)[0].text() == "lost" && live == 0) {
                    log_.write(LogLevel::kInfo, "a work queue is gone",
                               {{"stream", queue.stream}, {"group", queue.group}});
                    drop(queue.pair);
                  }
                }));
}

// Who joins it meanwhile writes it down again at the next join; until then claims of nginx's own
// accord do what rings would have done.
void QueueKeeper::drop(const std::string& pair) {
  redis::Command command;
  command.repeat = redis::Repeat::kSafe;
  command.arguments = {"HDEL", std::string(redis::kQueuesKey), pair};
  calls_.command(std::move(command), expect([](const Result<Reply>&) {}));
}

}  // namespace notify::worker
