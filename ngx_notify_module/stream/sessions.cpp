#include "ngx_notify_module/stream/sessions.hpp"

#include <algorithm>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/stats/board.hpp"

namespace notify {

Sessions::Sessions(hub::Source& source, queue::Source& queue_source, queue::Watcher& watcher,
                   const Options& options)
    : options_(options),
      random_(static_cast<unsigned>(ngx_random()) ^ static_cast<unsigned>(ngx_pid)),
      turn_([this] { hub_.turn(); }),
      queue_turn_([this] { queues_.turn(); }),
      wheel_turn_([this] { turn_wheel(); }),
      ending_([this] { end_some(); }),
      ticker_(EventTimer::kCancelable, [this] { tick(); }),
      drainer_(EventTimer::kHolding, [this] { drain_some(); }),
      gatherer_(EventTimer::kCancelable, [this] { queues_.gathered(); }),
      hub_waker_(turn_),
      queue_waker_(queue_turn_, gatherer_),
      hub_(source, hub_waker_, options.limits),
      queues_(queue_source, watcher, queue_waker_, queue::Limits{}) {
  hub_.tick(now_ms());
  queues_.tick(now_ms());
}

void Sessions::add(Outlet& outlet) {
  all_.push_back(outlet);
  ++count_;
  if (!ticker_.armed()) {
    hub_.tick(now_ms());
    queues_.tick(now_ms());
    ticker_.arm(kTick);
  }
  if (draining_ && !drainer_.armed()) {
    drainer_.arm(std::chrono::milliseconds(kDrainStepMs));
  }
}

void Sessions::remove(Outlet& outlet) {
  static_cast<Hook<SessionTag>&>(outlet).unlink();
  --count_;
}

// ---- time ---------------------------------------------------------------------------------------

// Armed while there is anything to do: a worker without streams has no timer of ours.
void Sessions::tick() {
  if (count_ > 0 || hub_.figures().channels > 0 || queues_.figures().groups > 0) {
    ticker_.arm(kTick);  // first: whatever happens below, there is a next time
  }
  hub_.tick(now_ms());
  queues_.tick(now_ms());
  turn_wheel();
  show_figures();
}

void Sessions::show_figures() {
  if (metrics::board == nullptr) {
    return;
  }
  metrics::Board& board = *metrics::board;
  const hub::Figures& hub = hub_.figures();
  const queue::Figures& queues = queues_.figures();
  using metrics::Counter;
  using metrics::Gauge;
  board.set(Gauge::kSubscribers, hub.subscribers);
  board.set(Gauge::kReplaying, hub.replaying);
  board.set(Gauge::kStreams, hub.channels);
  board.set(Gauge::kConsumers, queues.consumers);
  board.set(Gauge::kInFlight, queues.in_flight);
  board.set(Gauge::kGroups, queues.groups);
  board.add(Counter::kDelivered, hub.delivered - shown_hub_.delivered);
  board.add(Counter::kGaps, hub.gaps - shown_hub_.gaps);
  board.add(Counter::kCatchUps, hub.catch_ups - shown_hub_.catch_ups);
  board.add(Counter::kFellBehind, hub.fell_behind - shown_hub_.fell_behind);
  board.add(Counter::kConsumed, queues.delivered - shown_queues_.delivered);
  board.add(Counter::kReclaimed, queues.reclaimed - shown_queues_.reclaimed);
  board.add(Counter::kFinished, queues.finished - shown_queues_.finished);
  board.add(Counter::kTrimmed, queues.gone - shown_queues_.gone);
  board.add(Counter::kDead, queues.dead - shown_queues_.dead);
  board.add(Counter::kGroupsLost, queues.groups_lost - shown_queues_.groups_lost);
  board.add(Counter::kLeasesLost, queues.leases_lost - shown_queues_.leases_lost);
  board.add(Counter::kQueueFailures, queues.failures - shown_queues_.failures);
  shown_hub_ = hub;
  shown_queues_ = queues;
}

void Sessions::turn_wheel() {
  if (!wheel_.turn(now_ms(), options_.limits.turn_subscribers)) {
    wheel_turn_.post();
  }
}

// ---- ends ---------------------------------------------------------------------------------------

void Sessions::end_later(Outlet& outlet) {
  to_end_.push_back(outlet);
  ending_.post();
}

void Sessions::end_some() {
  for (unsigned budget = options_.limits.turn_subscribers; budget > 0 && !to_end_.empty();
       --budget) {
    Outlet& outlet = to_end_.front();
    static_cast<Hook<ClosingTag>&>(outlet).unlink();
    outlet.end();
  }
  if (!to_end_.empty()) {
    ending_.post();
  }
}

// ---- draining -----------------------------------------------------------------------------------

void Sessions::drain() {
  draining_ = true;
  drain_end_ms_ = now_ms() + options_.drain_ms;
  if (count_ > 0) {
    drainer_.arm(std::chrono::milliseconds(0));
  }
}

void Sessions::drain_some() {
  const std::uint64_t now = now_ms();
  if (now < drain_end_ms_) {
    close_some(drain_end_ms_ - now);
  } else {
    close_some(0);
    cut_all();
  }
  if (count_ > 0) {
    drainer_.arm(std::chrono::milliseconds(kDrainStepMs));
  }
}

// As many as keep the pace. Who is blocked, or has been closed and is still taking its last bytes,
// goes to the end of the row.
void Sessions::close_some(std::uint64_t left_ms) {
  const std::uint64_t steps = left_ms / kDrainStepMs + 1;
  std::size_t to_close = (count_ + steps - 1) / steps;
  for (std::size_t looked_at = count_; looked_at > 0 && to_close > 0; --looked_at) {
    Outlet& outlet = all_.front();
    all_.push_back(outlet);
    std::uniform_real_distribution<double> jitter(0.5, 1.5);
    const auto retry_ms =
        static_cast<std::uint64_t>(static_cast<double>(outlet.retry_ms()) * jitter(random_));
    if (outlet.end_with_retry(retry_ms)) {
      --to_close;
    }
  }
}

void Sessions::cut_all() {
  for (std::size_t left = count_; left > 0; --left) {
    Outlet& outlet = all_.front();
    all_.push_back(outlet);
    outlet.cut();
  }
}

}  // namespace notify
