#include "ctl/supervise/supervisor.hpp"

#include <algorithm>

#include "shared/base/backoff.hpp"

namespace notify::ctl {
namespace {

using What = Action::What;

// How long one rests that has ended that many times in a row soon after its start.
std::uint64_t rest_after(unsigned quick_ends) {
  constexpr Backoff kRest{std::chrono::seconds{1}, std::chrono::seconds{30}, 0.0};
  return quick_ends <= 1 ? 0 : static_cast<std::uint64_t>(kRest.next(quick_ends - 2, 0.0).count());
}

}  // namespace

std::string_view name_of(Child child) {
  constexpr std::array<std::string_view, 3> kNames{"redis", "nginx", "notify-worker"};
  return kNames[static_cast<unsigned>(child)];
}

void Supervisor::start(Child child, std::uint64_t now, Actions& actions) {
  Life& one = life(child);
  one.state = State::kUp;
  one.ready = false;
  one.since = now;
  actions.push_back({What::kStart, child});
}

void Supervisor::start_front(std::uint64_t now, Actions& actions) {
  phase_ = Phase::kMigrating;
  deadline_ = now + kStartLimit;
  start(Child::kNginx, now, actions);
  actions.push_back({What::kMigrate});
}

void Supervisor::start_worker(std::uint64_t now, Actions& actions) {
  phase_ = Phase::kWaitingFront;
  deadline_ = now + kStartLimit;
  migrate_again_.reset();
  start(Child::kWorker, now, actions);
}

// A database that is away is no reason not to start the rest.
void Supervisor::go_without_tables(const std::string& problem, std::uint64_t now,
                                   Actions& actions) {
  actions.push_back({What::kComplain, Child::kRedis,
                     problem + ": the catalogue does not work before `notifyctl migrate` does"});
  start_worker(now, actions);
}

void Supervisor::fail(std::string text, std::uint64_t now, Actions& actions) {
  failed_ = true;
  actions.push_back({What::kComplain, Child::kRedis, std::move(text)});
  drain(now, actions);
}

Actions Supervisor::begin(std::uint64_t now) {
  Actions actions;
  if (options_.own_redis) {
    deadline_ = now + kStartLimit;
    start(Child::kRedis, now, actions);
  } else {
    start_front(now, actions);
  }
  return actions;
}

Actions Supervisor::on_ready(Child child, std::uint64_t now) {
  Actions actions;
  life(child).ready = life(child).state == State::kUp;
  if (phase_ == Phase::kWaitingRedis && life(Child::kRedis).ready) {
    start_front(now, actions);
  } else if (phase_ == Phase::kWaitingFront && life(Child::kNginx).ready &&
             life(Child::kWorker).ready) {
    phase_ = Phase::kRunning;
    deadline_.reset();
    actions.push_back({What::kTellReady});
  }
  return actions;
}

Actions Supervisor::on_migrated(const std::string& problem, std::uint64_t now) {
  Actions actions;
  if (phase_ != Phase::kMigrating) {
    return actions;
  }
  if (problem.empty()) {
    start_worker(now, actions);
  } else if (now + kMigrateAgain < *deadline_) {
    migrate_again_ = now + kMigrateAgain;
  } else {
    go_without_tables(problem, now, actions);
  }
  return actions;
}

Actions Supervisor::on_ended(Child child, int status, std::uint64_t now) {
  Actions actions;
  life(child).state = State::kOff;
  life(child).ready = false;
  if (phase_ == Phase::kRunning) {
    ended_while_running(child, status, now, actions);
  } else if (starting()) {
    fail(std::string(name_of(child)) + " ended with status " + std::to_string(status) +
             " before it was ready",
         now, actions);
  } else {
    go_on_ending(now, actions);
  }
  return actions;
}

void Supervisor::ended_while_running(Child child, int status, std::uint64_t now, Actions& actions) {
  if (child == Child::kNginx && status == 0) {
    actions.push_back({What::kSay, child, "nginx was told to quit: stopping"});
    drain(now, actions);
    return;
  }
  if (child == Child::kRedis && status == 0) {
    actions.push_back({What::kSay, child, "Redis was told to shut down and is left so"});
    return;
  }
  Life& one = life(child);
  one.quick_ends = now - one.since < kSteady ? one.quick_ends + 1 : 0;
  std::uint64_t rest = rest_after(one.quick_ends);
  if (child == Child::kNginx) {
    actions.push_back({What::kSweep});
    rest = std::max(rest, kNginxRest);
  }
  actions.push_back({What::kSay, child,
                     std::string(name_of(child)) + " ended with status " + std::to_string(status) +
                         " and is started again"});
  one.state = State::kResting;
  one.again = now + rest;
  if (rest == 0) {
    start(child, now, actions);
  }
}

Actions Supervisor::on_stop(std::uint64_t now) {
  Actions actions;
  if (starting() || phase_ == Phase::kRunning) {
    if (phase_ == Phase::kRunning) {
      actions.push_back({What::kSay, Child::kRedis, "stopping"});
    }
    drain(now, actions);
  }
  return actions;
}

// nginx drains its streams and the worker its deliveries, 5 s each by default; Redis goes last.
void Supervisor::drain(std::uint64_t now, Actions& actions) {
  phase_ = Phase::kDraining;
  deadline_ = now + kDrainLimit;
  migrate_again_.reset();
  actions.push_back({What::kTellUnready});
  for (Life& one : lives_) {
    one.state = one.state == State::kResting ? State::kOff : one.state;
  }
  signal_front(What::kQuit, What::kTerminate, actions);
  go_on_ending(now, actions);
}

void Supervisor::signal_front(What nginx, What worker, Actions& actions) {
  if (life(Child::kNginx).state == State::kUp) {
    actions.push_back({nginx, Child::kNginx});
  }
  if (life(Child::kWorker).state == State::kUp) {
    actions.push_back({worker, Child::kWorker});
  }
}

// To the next phase, where what the present one waits for has gone.
void Supervisor::go_on_ending(std::uint64_t now, Actions& actions) {
  const bool front =
      life(Child::kNginx).state == State::kUp || life(Child::kWorker).state == State::kUp;
  if (!front && (phase_ == Phase::kDraining || phase_ == Phase::kForcing)) {
    phase_ = Phase::kEndingRedis;
    deadline_ = now + kRedisLimit;
    actions.push_back({What::kSweep});
    if (life(Child::kRedis).state == State::kUp) {
      actions.push_back({What::kTerminate, Child::kRedis});
    }
  }
  if (phase_ == Phase::kEndingRedis && life(Child::kRedis).state != State::kUp) {
    phase_ = Phase::kOver;
    deadline_.reset();
    actions.push_back({What::kSweepHard});
  }
}

void Supervisor::deadline_passed(std::uint64_t now, Actions& actions) {
  switch (phase_) {
    case Phase::kWaitingRedis:
      fail(options_.answering[0] + " does not answer", now, actions);
      break;
    case Phase::kWaitingFront:
      fail(options_.answering[life(Child::kNginx).ready ? 2 : 1] + " does not answer", now,
           actions);
      break;
    case Phase::kDraining:
      phase_ = Phase::kForcing;
      deadline_ = now + kForceLimit;
      signal_front(What::kTerminate, What::kTerminate, actions);
      break;
    case Phase::kForcing:
      deadline_.reset();  // nothing survives SIGKILL: its end comes
      signal_front(What::kKill, What::kKill, actions);
      break;
    case Phase::kEndingRedis:
      deadline_.reset();
      actions.push_back({What::kKill, Child::kRedis});
      break;
    case Phase::kMigrating:
      go_without_tables("the database does not answer", now, actions);
      break;
    case Phase::kRunning:
    case Phase::kOver:
      deadline_.reset();
      break;
  }
}

Actions Supervisor::on_time(std::uint64_t now) {
  Actions actions;
  if (migrate_again_ && *migrate_again_ <= now) {
    migrate_again_.reset();
    actions.push_back({What::kMigrate});
  }
  if (deadline_ && *deadline_ <= now) {
    deadline_passed(now, actions);
  }
  for (const Child child : kChildren) {
    Life& one = life(child);
    if (one.state == State::kResting && one.again <= now) {
      if (child == Child::kNginx) {
        actions.push_back({What::kSweepHard});
      }
      start(child, now, actions);
    }
  }
  return actions;
}

std::optional<std::uint64_t> Supervisor::due() const {
  std::optional<std::uint64_t> next = deadline_;
  const auto sooner = [&next](std::uint64_t time) { next = std::min(next.value_or(time), time); };
  if (migrate_again_) {
    sooner(*migrate_again_);
  }
  for (const Life& one : lives_) {
    if (one.state == State::kResting) {
      sooner(one.again);
    }
  }
  return next;
}

}  // namespace notify::ctl
