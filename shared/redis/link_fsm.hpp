#pragma once

// The life of a link to Redis, as a machine without sockets and timers: facts in, actions out.
//
//            start                  connected                all answered
//   Idle ───────────► Connecting ───────────► Greeting ─────────────────────► Ready
//                      ▲      │ ended             │ ended, not ready,           │   │ demoted
//                      │      │                   │ refused          ended, reset   ▼
//                retry │      ▼                   ▼                             │ Draining
//                      └── Waiting ◄──────────────┴─────────────────────────────┤   │ drained,
//                                                                               └───┘ ended
//   any ── stop ──► Stopped
//
// Greeting is one pipelined batch: AUTH, SELECT, CLIENT SETNAME, SCRIPT LOAD…, PING. What the
// answers mean:
//   not ready  LOADING, MASTERDOWN, BUSY, too many clients: waits as for a server that is away
//   refused    wrong password, no such database: a person must act; waits the longest time
//   tolerated  SETNAME and SCRIPT LOAD may be denied: commands will tell what does not work
// PING is there because Redis answers all the others while it still loads its data.
//
// Demoted: the server answered a command with READONLY, LOADING, MASTERDOWN or UNBLOCKED: it is no
// longer the one to talk to, and did nothing. The answers to what was pipelined behind that command
// are still read, so that these are known not to have been done either; then the link ends.
//
// Waiting: from the initial time doubling to the maximum, each time a random part between half and
// the whole of it. The doubling begins anew after a link that served for at least the maximum: a
// server that greets well and then throws us out is not asked forty times a second.

#include <cstdint>
#include <optional>
#include <string_view>

#include "shared/redis/host.hpp"

namespace notify::redis {

enum class LinkState { kIdle, kConnecting, kGreeting, kReady, kDraining, kWaiting, kStopped };

// The commands of the greeting, in their order; each but kScript occurs at most once.
enum class Greeting { kAuth, kSelect, kName, kScript, kPing };

enum class LinkEvent {
  kStart,
  kConnected,  // the socket is; `steps` answers to the greeting will come
  kAnswered,   // one of them; `step`, `error` and `error_code`
  kEnded,      // could not connect, was closed, made no sense, or took too long
  kDemoted,    // see above
  kDrained,    // nothing is in flight any more
  kReset,      // the user of the link asks for a new one
  kRetry,      // the wait is over
  kStop,
};

struct LinkFact {
  LinkEvent event;
  unsigned steps = 0;
  Greeting step = Greeting::kPing;
  std::string_view error_code = {};  // empty: no error
  std::string_view error = {};       // the whole text
};

// What the driver has to do, in this order.
struct LinkActions {
  bool close = false;          // drop the connection; what is in flight ends
  bool announce_lost = false;  // to the observer
  std::optional<Milliseconds> wait;
  bool connect = false;
  bool greet = false;
  bool drain = false;  // send nothing more, tell when nothing is in flight
  bool announce_ready = false;

  bool operator==(const LinkActions&) const = default;
};

class LinkFsm {
 public:
  LinkFsm(Milliseconds backoff_initial, Milliseconds backoff_max);

  // `random` in [0, 1). A fact that the state does not expect changes nothing.
  LinkActions on(const LinkFact& fact, std::uint64_t now_ms, double random);

  [[nodiscard]] LinkState state() const { return state_; }

 private:
  LinkActions answered(const LinkFact& fact, std::uint64_t now_ms, double random);
  LinkActions lose(bool refused, std::uint64_t now_ms, double random);
  Milliseconds next_wait(bool refused, double random);

  Milliseconds initial_;
  Milliseconds max_;
  Milliseconds backoff_;
  LinkState state_ = LinkState::kIdle;
  unsigned steps_left_ = 0;
  std::uint64_t ready_since_ = 0;
};

enum class GreetingVerdict { kFine, kNotReady, kRefused };
GreetingVerdict judge_greeting(Greeting step, std::string_view error_code, std::string_view error);

// The codes of kDemoted.
bool is_demotion(std::string_view error_code);

}  // namespace notify::redis
