#include "worker/delivery/engine.hpp"

#include <algorithm>
#include <utility>

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

std::string_view outcome_text(SettleKind kind) {
  switch (kind) {
    case SettleKind::kDone:
      return "delivered";
    case SettleKind::kLater:
      return "not delivered, later again";
    case SettleKind::kDead:
      break;
  }
  return "not delivered, dead letter";
}

// "-" where there is none, as in nginx's logs.
std::string shown_request(const Delivery& delivery) {
  return delivery.request.empty() ? "-" : delivery.request;
}

}  // namespace

Engine::Engine(redis::Host& host, Log& log, redis::Client& commands, HttpOptions http,
               DispatcherOptions options)
    : host_(host),
      log_(log),
      commands_(commands),
      dispatcher_(*this, options),
      wake_timer_(host.timer(redis::TimerKind::kHolding, [this] { dispatcher_.on_wake(); })),
      http_(host, std::move(http)) {}

DestinationIndex Engine::add_destination(std::unique_ptr<Target> target,
                                         std::unique_ptr<Budget> budget, std::string display) {
  const auto index = dispatcher_.add_destination(*target);
  destinations_.resize(std::max(destinations_.size(), index + 1));
  destinations_[index] = {std::move(target), std::move(budget), std::move(display)};
  return index;
}

Queue& Engine::add_queue(QueueOptions options, const std::string& token,
                         std::optional<DestinationIndex> destination) {
  auto source = std::make_unique<Source>();
  if (destination) {
    source->destination = *destination;
    source->index = dispatcher_.add_source(*destination);
  }
  options.consume = destination.has_value();
  source->queue = std::make_unique<Queue>(host_, log_, commands_, std::move(options), token, *this);
  sources_.push_back(std::move(source));
  return *sources_.back()->queue;
}

bool Engine::idle(const Queue& queue) const {
  const auto& index = source_of(queue).index;
  return !index || dispatcher_.idle(*index);
}

// What it asks Redis for is answered to nobody; a read that it still waits for leaves its entries
// pending under our name.
void Engine::remove_queue(Queue& queue) {
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&queue](const auto& source) {
    return source->queue.get() == &queue;
  });
  queue.stop();
  queue.release([] {});
  if (const auto& source = **found; source.index) {
    dispatcher_.remove_source(*source.index);
    dispatcher_.remove_destination(source.destination);
    destinations_[source.destination] = {};
  }
  sources_.erase(found);
}

void Engine::start() {
  for (auto& source : sources_) {
    source->queue->start();
  }
}

void Engine::on_link(bool ready) {
  for (auto& source : sources_) {
    source->queue->on_link(ready);
  }
}

// ---- ending -------------------------------------------------------------------------------------

void Engine::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  for (auto& source : sources_) {
    source->queue->stop();
  }
  dispatcher_.drain();
  check_drained();
}

void Engine::check_drained() {
  if (drained_ && dispatcher_.idle()) {
    host_.post(std::exchange(drained_, nullptr));
  }
}

void Engine::release_names(const std::function<void()>& released) {
  const auto waiting = std::make_shared<std::size_t>(sources_.size());
  for (auto& source : sources_) {
    source->queue->release([waiting, released] {
      if (--*waiting == 0) {
        released();
      }
    });
  }
}

// ---- queues -------------------------------------------------------------------------------------

Engine::Source& Engine::source_of(const Queue& queue) const {
  return **std::find_if(sources_.begin(), sources_.end(),
                        [&queue](const auto& source) { return source->queue.get() == &queue; });
}

Queue& Engine::queue_of(SourceIndex source) {
  return *(*std::find_if(sources_.begin(), sources_.end(), [source](const auto& candidate) {
            return candidate->index == source;
          }))->queue;
}

std::optional<Tracking> Engine::tracking_of(SourceIndex source, const Delivery& delivery) const {
  for (const auto& candidate : sources_) {
    if (candidate->index == source) {
      return destinations_[candidate->destination].target->tracking(delivery);
    }
  }
  return std::nullopt;
}

std::size_t Engine::room(const Queue& queue) const {
  const auto& index = source_of(queue).index;
  return index ? dispatcher_.room(*index) : 0;
}

std::size_t Engine::older_room(const Queue& queue) const {
  const auto& index = source_of(queue).index;
  return index ? dispatcher_.older_room(*index) : 0;
}

void Engine::on_taken(const Queue& queue, std::vector<Delivery> deliveries) {
  if (const auto& index = source_of(queue).index) {
    for (auto& delivery : deliveries) {
      dispatcher_.offer(*index, std::move(delivery));
    }
  }
}

void Engine::on_group_exists(const Queue& queue) {
  source_of(queue).grouped = true;
  const bool all = std::all_of(sources_.begin(), sources_.end(),
                               [](const auto& source) { return source->grouped; });
  if (all && all_groups_) {
    std::exchange(all_groups_, nullptr)();
  }
}

// ---- what the dispatcher asks for ---------------------------------------------------------------

void Engine::ask_budget(Ticket ticket, DestinationIndex destination) {
  destinations_[destination].budget->take([this, ticket](const Result<milliseconds>& wait) {
    if (wait) {
      dispatcher_.on_budget(ticket, *wait);
    } else {
      dispatcher_.on_budget_failed(ticket);
    }
    check_drained();
  });
}

void Engine::begin(Ticket ticket, SourceIndex source, const Delivery& delivery) {
  auto& queue = queue_of(source);
  queue.store().begin(
      delivery, tracking_of(source, delivery),
      [this, ticket, &queue, consumer = delivery.consumer, id = delivery.id(),
       request = shown_request(delivery)](const Result<Begin>& result) {
        auto answer = result ? *result : Begin::kFailed;
        if (!result) {
          queue.on_error(result.error(), "beginning a delivery");
          if (result.error().kind == ErrorKind::kNotFound) {
            answer = Begin::kGone;  // with its group; it will be taken anew
          }
        } else if (answer == Begin::kLost) {
          queue.on_lease_lost(consumer);
        } else if (answer == Begin::kTrimmed) {
          log_.write(LogLevel::kWarning, "an entry was deleted before it was delivered",
                     {{"delivery", id}, {"request", request}});
        } else if (answer == Begin::kGone) {
          log_.write(LogLevel::kInfo, "dropped: cleared, or another worker's by now",
                     {{"delivery", id}, {"request", request}});
        }
        dispatcher_.on_begun(ticket, answer);
        check_drained();
      });
}

void Engine::send(Ticket ticket, HttpRequest request) {
  http_.send(std::move(request), [this, ticket](const HttpResult& result) {
    dispatcher_.on_result(ticket, result);
    check_drained();
  });
}

void Engine::settle(Ticket ticket, SourceIndex source, const Delivery& delivery,
                    const Settlement& settlement) {
  auto& queue = queue_of(source);
  auto done = [this, ticket, &queue, kind = settlement.kind, delay = settlement.delay,
               id = delivery.id(),
               request = shown_request(delivery)](const Result<Settled>& result) {
    auto answer = result ? *result : Settled::kFailed;
    if (!result) {
      queue.on_error(result.error(), "settling a delivery");
      if (result.error().kind == ErrorKind::kNotFound) {
        answer = Settled::kStale;
      }
    } else if (answer == Settled::kStale) {
      log_.write(LogLevel::kInfo, "nothing to settle: cleared, or another worker's by now",
                 {{"delivery", id}, {"request", request}});
    } else if (kind == SettleKind::kLater && retry_set_) {
      retry_set_(queue, delay);
    }
    dispatcher_.on_settled(ticket, answer);
    check_drained();
  };
  queue.store().settle(delivery, tracking_of(source, delivery), settlement, std::move(done));
}

void Engine::hold(DestinationIndex destination, milliseconds time) {
  log_.write(LogLevel::kNotice, "the destination asks for fewer requests",
             {{"destination", destinations_[destination].display}, {"ms", time.count()}});
  destinations_[destination].budget->hold(time);
}

void Engine::report(const Outcome& outcome) {
  if (told_) {
    told_(outcome);
  }
  const auto& settlement = outcome.settlement;
  const auto& delivery = outcome.delivery;
  const auto id = format_entry_id(delivery.entry.id);
  const auto attempts = std::int64_t{delivery.attempts};
  const auto request = shown_request(delivery);
  switch (settlement.kind) {
    case SettleKind::kDone:
      return log_.write(LogLevel::kInfo, outcome_text(settlement.kind),
                        {{"stream", delivery.stream},
                         {"id", id},
                         {"attempt", attempts + 1},
                         {"status", outcome.status},
                         {"ms", outcome.took.count()},
                         {"request", request}});
    case SettleKind::kLater:
      return log_.write(LogLevel::kWarning, outcome_text(settlement.kind),
                        {{"stream", delivery.stream},
                         {"id", id},
                         {"attempt", attempts + 1},
                         {"status", outcome.status},
                         {"ms", outcome.took.count()},
                         {"again_in_ms", settlement.delay.count()},
                         {"why", settlement.why},
                         {"request", request}});
    case SettleKind::kDead:
      return log_.write(LogLevel::kError, outcome_text(settlement.kind),
                        {{"stream", delivery.stream},
                         {"id", id},
                         {"attempts", std::int64_t{settlement.attempts}},
                         {"status", outcome.status},
                         {"ms", outcome.took.count()},
                         {"why", settlement.why},
                         {"request", request}});
  }
}

void Engine::room_changed(SourceIndex source) {
  queue_of(source).room_changed();
  if (room_freed_) {
    room_freed_();
  }
}

void Engine::wake_at(std::uint64_t at_ms) {
  const auto now = host_.now_ms();
  wake_timer_->arm(milliseconds{at_ms > now ? at_ms - now : 0});
}

}  // namespace notify::worker
