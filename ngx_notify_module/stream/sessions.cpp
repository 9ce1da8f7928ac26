#include "ngx_notify_module/stream/sessions.hpp"

#include <algorithm>

namespace notify {

Sessions::Sessions(hub::Source& source, const Options& options)
    : options_(options),
      random_(static_cast<unsigned>(ngx_random()) ^ static_cast<unsigned>(ngx_pid)),
      turn_([this] { hub_.turn(); }),
      wheel_turn_([this] { turn_wheel(); }),
      ending_([this] { end_some(); }),
      ticker_(EventTimer::kCancelable, [this] { tick(); }),
      drainer_(EventTimer::kHolding, [this] { drain_some(); }),
      hub_(source, *this, options.limits) {
  hub_.tick(now_ms());
}

void Sessions::add(Session& session) {
  all_.push_back(session);
  ++count_;
  if (!ticker_.armed()) {
    hub_.tick(now_ms());
    ticker_.arm(kTick);
  }
  if (draining_ && !drainer_.armed()) {
    drainer_.arm(std::chrono::milliseconds(kDrainStepMs));
  }
}

void Sessions::remove(Session& session) {
  static_cast<hub::Hook<SessionTag>&>(session).unlink();
  --count_;
}

// ---- time
// ----------------------------------------------------------------------------------------

// Armed while there is anything to do: a worker without streams has no timer of ours.
void Sessions::tick() {
  if (count_ > 0 || hub_.figures().channels > 0) {
    ticker_.arm(kTick);  // first: whatever happens below, there is a next time
  }
  hub_.tick(now_ms());
  turn_wheel();
}

void Sessions::turn_wheel() {
  if (!wheel_.turn(now_ms(), options_.limits.turn_subscribers)) {
    wheel_turn_.post();
  }
}

// ---- ends
// ----------------------------------------------------------------------------------------

void Sessions::end_later(Session& session) {
  to_end_.push_back(session);
  ending_.post();
}

void Sessions::end_some() {
  for (unsigned budget = options_.limits.turn_subscribers; budget > 0 && !to_end_.empty();
       --budget) {
    Session& session = to_end_.front();
    static_cast<hub::Hook<ClosingTag>&>(session).unlink();
    session.end();
  }
  if (!to_end_.empty()) {
    ending_.post();
  }
}

// ---- draining
// ------------------------------------------------------------------------------------

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
    Session& session = all_.front();
    all_.push_back(session);
    std::uniform_real_distribution<double> jitter(0.5, 1.5);
    const auto retry_ms =
        static_cast<std::uint64_t>(static_cast<double>(session.retry_ms()) * jitter(random_));
    if (session.end_with_retry(retry_ms)) {
      --to_close;
    }
  }
}

void Sessions::cut_all() {
  for (std::size_t left = count_; left > 0; --left) {
    Session& session = all_.front();
    all_.push_back(session);
    session.cut();
  }
}

}  // namespace notify
