#pragma once

// What `notifyctl up` does with Redis, nginx and the worker, as a machine without processes and
// timers: facts in, actions out. Pure.
//
//                 Redis answers          tables are made        nginx and worker answer
//   WaitingRedis ───────────► Migrating ───────────► WaitingFront ───────────► Running
//        │                        │                       │                      │
//        └── stop · an end before it was ready · 30 s without an answer ─────────┤ stop · nginx
//        quit
//                                                                                ▼
//   Over ◄─────────────── EndingRedis ◄────────────── Forcing ◄── 7 s ──── Draining
//          Redis is gone    (4 s, KILL)  both gone     (2 s, KILL)         nginx QUIT, worker TERM
//
// Without a Redis of its own it begins at Migrating, where nginx starts; the worker starts when
// the tables are made. Draining and Forcing both end as soon as nginx and the worker have.
//
// Running: what ends by itself is started again, at once. One that ends within 10 s of its start
// again and again rests before it: 1 s, 2 s, 4 s, … 30 s. Orderly ends are somebody's will: nginx
// that was told to quit ends everything, a Redis that was told to shut down stays down.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace notify::ctl {

enum class Child : unsigned { kRedis, kNginx, kWorker };
inline constexpr std::array kChildren{Child::kRedis, Child::kNginx, Child::kWorker};
std::string_view name_of(Child child);  // of its pid file, too

enum class Phase {
  kWaitingRedis,
  kMigrating,
  kWaitingFront,
  kRunning,
  kDraining,
  kForcing,
  kEndingRedis,
  kOver
};

struct Action {
  enum class What {
    kStart,       // child
    kQuit,        // child: SIGQUIT, which nginx drains at
    kTerminate,   // child: SIGTERM
    kKill,        // child: SIGKILL
    kSweep,       // what a dead nginx master left: SIGTERM
    kSweepHard,   // the same: SIGKILL
    kMigrate,     // the catalogue's tables
    kSay,         // text, for people
    kComplain,    // text, of a failure
    kTellReady,   // all answer
    kTellUnready  // not any more
  };
  What what;
  Child child = Child::kRedis;
  std::string text = {};
  bool operator==(const Action&) const = default;
};
using Actions = std::vector<Action>;

class Supervisor {
 public:
  struct Options {
    bool own_redis = true;
    std::array<std::string, 3> answering;  // "Redis at redis://…", for what does not answer
  };
  static constexpr std::uint64_t kStartLimit = 30'000;  // ms, as all times here
  static constexpr std::uint64_t kDrainLimit = 7'000;
  static constexpr std::uint64_t kForceLimit = 2'000;
  static constexpr std::uint64_t kRedisLimit = 4'000;
  static constexpr std::uint64_t kSteady = 10'000;
  static constexpr std::uint64_t kNginxRest = 200;  // for what a dead master left to end
  static constexpr std::uint64_t kMigrateAgain = 250;

  explicit Supervisor(Options options) : options_(std::move(options)) {}

  Actions begin(std::uint64_t now);
  Actions on_ready(Child child, std::uint64_t now);
  // `problem` empty: the tables are there.
  Actions on_migrated(const std::string& problem, std::uint64_t now);
  // `status` as a shell tells it: 128 and the signal's number for one that was killed.
  Actions on_ended(Child child, int status, std::uint64_t now);
  Actions on_stop(std::uint64_t now);
  Actions on_time(std::uint64_t now);  // at due() or later

  [[nodiscard]] std::optional<std::uint64_t> due() const;
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool failed() const { return failed_; }  // once it is over

 private:
  enum class State { kOff, kUp, kResting };
  struct Life {
    State state = State::kOff;
    bool ready = false;
    std::uint64_t since = 0;
    std::uint64_t again = 0;  // resting: until then
    unsigned quick_ends = 0;  // one after the other
  };

  Life& life(Child child) { return lives_[static_cast<unsigned>(child)]; }
  void start(Child child, std::uint64_t now, Actions& actions);
  void start_front(std::uint64_t now, Actions& actions);
  void start_worker(std::uint64_t now, Actions& actions);
  void go_without_tables(const std::string& problem, std::uint64_t now, Actions& actions);
  void fail(std::string text, std::uint64_t now, Actions& actions);
  void drain(std::uint64_t now, Actions& actions);
  void go_on_ending(std::uint64_t now, Actions& actions);
  void ended_while_running(Child child, int status, std::uint64_t now, Actions& actions);
  void deadline_passed(std::uint64_t now, Actions& actions);
  void signal_front(Action::What nginx, Action::What worker, Actions& actions);
  [[nodiscard]] bool starting() const { return phase_ < Phase::kRunning; }

  Options options_;
  Phase phase_ = Phase::kWaitingRedis;
  std::array<Life, kChildren.size()> lives_;
  std::optional<std::uint64_t> deadline_;       // of the phase
  std::optional<std::uint64_t> migrate_again_;  // the database was away
  bool failed_ = false;
};

}  // namespace notify::ctl
