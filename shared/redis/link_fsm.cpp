#include "shared/redis/link_fsm.hpp"

#include <algorithm>

namespace notify::redis {

LinkFsm::LinkFsm(Milliseconds backoff_initial, Milliseconds backoff_max)
    : initial_(std::max(backoff_initial, Milliseconds{1})),
      max_(std::max(backoff_max, initial_)),
      backoff_(initial_) {}

LinkActions LinkFsm::on(const LinkFact& fact, std::uint64_t now_ms, double random) {
  if (state_ == LinkState::kStopped) {
    return {};
  }
  switch (fact.event) {
    case LinkEvent::kStart:
      if (state_ == LinkState::kIdle) {
        state_ = LinkState::kConnecting;
        return {.connect = true};
      }
      return {};

    case LinkEvent::kRetry:
      if (state_ == LinkState::kWaiting) {
        state_ = LinkState::kConnecting;
        return {.connect = true};
      }
      return {};

    case LinkEvent::kConnected:
      if (state_ == LinkState::kConnecting) {
        state_ = LinkState::kGreeting;
        steps_left_ = fact.steps;
        return {.greet = true};
      }
      return {};

    case LinkEvent::kAnswered:
      return state_ == LinkState::kGreeting ? answered(fact, now_ms, random) : LinkActions{};

    case LinkEvent::kDemoted:
      if (state_ == LinkState::kReady) {
        state_ = LinkState::kDraining;
        return {.announce_lost = true, .drain = true};
      }
      return {};

    case LinkEvent::kDrained:
      return state_ == LinkState::kDraining ? lose(false, now_ms, random) : LinkActions{};

    case LinkEvent::kReset:
      return state_ == LinkState::kReady ? lose(false, now_ms, random) : LinkActions{};

    case LinkEvent::kEnded:
      if (state_ == LinkState::kIdle || state_ == LinkState::kWaiting) {
        return {};
      }
      return lose(false, now_ms, random);

    case LinkEvent::kStop:
      state_ = LinkState::kStopped;
      return {.close = true};
  }
  return {};
}

LinkActions LinkFsm::answered(const LinkFact& fact, std::uint64_t now_ms, double random) {
  switch (judge_greeting(fact.step, fact.error_code, fact.error)) {
    case GreetingVerdict::kFine:
      break;
    case GreetingVerdict::kNotReady:
      return lose(false, now_ms, random);
    case GreetingVerdict::kRefused:
      return lose(true, now_ms, random);
  }
  if (steps_left_ > 0) {
    --steps_left_;
  }
  if (steps_left_ > 0) {
    return {};
  }
  state_ = LinkState::kReady;
  ready_since_ = now_ms;
  return {.announce_ready = true};
}

LinkActions LinkFsm::lose(bool refused, std::uint64_t now_ms, double random) {
  const bool was_ready = state_ == LinkState::kReady;
  const bool served = was_ready || state_ == LinkState::kDraining;
  if (served && now_ms - ready_since_ >= static_cast<std::uint64_t>(max_.count())) {
    backoff_ = initial_;
  }
  state_ = LinkState::kWaiting;
  return {.close = true, .announce_lost = was_ready, .wait = next_wait(refused, random)};
}

Milliseconds LinkFsm::next_wait(bool refused, double random) {
  if (refused) {
    backoff_ = max_;
  }
  const double part = 0.5 + 0.5 * std::clamp(random, 0.0, 1.0);
  const auto wait = static_cast<std::int64_t>(static_cast<double>(backoff_.count()) * part);
  backoff_ = std::min(backoff_ * 2, max_);
  return Milliseconds{std::max<std::int64_t>(wait, 1)};
}

GreetingVerdict judge_greeting(Greeting step, std::string_view error_code, std::string_view error) {
  if (error_code.empty() && error.empty()) {
    return GreetingVerdict::kFine;
  }
  if (error_code == "LOADING" || error_code == "MASTERDOWN" || error_code == "BUSY" ||
      error.find("max number of clients") != std::string_view::npos) {
    return GreetingVerdict::kNotReady;
  }
  if (error_code == "NOAUTH" || error_code == "DENIED") {
    return GreetingVerdict::kRefused;
  }
  switch (step) {
    case Greeting::kName:
    case Greeting::kScript:
      return GreetingVerdict::kFine;
    case Greeting::kPing:
      // A user who may not PING may still do his work.
      return error_code == "NOPERM" ? GreetingVerdict::kFine : GreetingVerdict::kRefused;
    case Greeting::kAuth:
    case Greeting::kSelect:
      break;
  }
  return GreetingVerdict::kRefused;
}

bool is_demotion(std::string_view error_code) {
  return error_code == "READONLY" || error_code == "LOADING" || error_code == "MASTERDOWN" ||
         error_code == "UNBLOCKED";
}

}  // namespace notify::redis
