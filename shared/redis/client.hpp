#pragma once

// A link with a waiting room: what cannot be sent now waits for the link for a while, so that a
// restart or failover of Redis within that time shows no error. What was written and lost is
// sent again only if its sender said that repeating it is safe.
//
//   submit ─► link ready? ─yes─► written ─► reply ─► completion
//                 │no               │ link dies
//                 ▼                 ▼
//              waiting ◄──repeatable──┤
//                 │ wait over         │ not repeatable
//                 ▼                   ▼
//            kUnavailable        kUnknownOutcome
//
// Waiting commands are sent in the order of submit() as soon as the link is ready. `wait` counts
// from submit(), also for one that waits a second time. A repeatable command whose wait is over
// ends in kUnknownOutcome if it was ever written.
//
// Bounds: what clients have sent, waiting or in flight, is `max_pending` commands of
// `max_pending_bytes` together at a time (kUnavailable beyond), each waits `wait` at most. So a
// Redis that stands still costs no more than one that is away. Its own commands the product counts
// apart: `max_pending` of them wait, and clients cannot take their place.
//
// Answers that hold entries are the large ones, and how large one is Redis knows only when it has
// read it: a page has its bound, but for a single entry that is larger. So each of these commands
// counts as its page, or as kLargeEntry. Clients' may take `max_read_bytes` together while they are in flight,
// and the product's as much; the others take turns.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/redis/link.hpp"

namespace notify::redis {

// Why submit() refuses what takes() says no to.
inline constexpr std::string_view kTooMany = "too many commands wait for its answer";

enum class Repeat { kNever, kSafe };

// As large as an entry is, unless the operator says otherwise (notify_max_message).
inline constexpr std::size_t kLargeEntry = std::size_t{1024} * 1024;

// Whose command it is, and so whose bound.
enum class Sender { kClient, kProduct };

struct Command {
  std::vector<std::string> arguments;
  Repeat repeat = Repeat::kNever;
  Milliseconds wait{0};     // how long it may wait for the link; 0: not at all
  Milliseconds timeout{0};  // for the answer, once it is sent; 0: the link's
  // Set for a script call: arguments[0] is then EVALSHA and arguments[1] its SHA-1; a NOSCRIPT
  // answer (it was not run) is followed by EVAL with the source, unseen by the sender.
  const Script* script = nullptr;
  Sender sender = Sender::kClient;
  std::size_t held = 0;   // bytes that its sender keeps until the answer, such as a request's body
  std::size_t reads = 0;  // its answer holds entries: a page of about so many bytes
};

// All may be called from inside of completions and the observer; the client may be destroyed there.
class Client final {
 public:
  struct Options {
    LinkOptions link;
    std::size_t max_pending = 4096;
    std::size_t max_pending_bytes = std::size_t{64} * 1024 * 1024;
    std::size_t max_read_bytes = std::size_t{32} * 1024 * 1024;  // of each Sender
    // Called once nothing of clients is pending any more, after it was a good part of the bound:
    // their memory may be given back. From inside of anything: it does no more than to remember.
    std::function<void()> relieved;
  };

  Client(Host& host, Options options);
  ~Client();  // as stop()
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start();
  void stop();
  [[nodiscard]] bool ready() const;
  [[nodiscard]] const std::string& last_error() const;
  // Commands that are waiting or in flight and whose sender still listens.
  [[nodiscard]] std::size_t outstanding() const;
  void reset(std::string_view why);

  // Whether a command of a client's fits beside the others now. Of one that does not submit() says
  // so in the next turn of the loop, and it is kept until then.
  [[nodiscard]] bool takes(const Command& command) const;
  Pending submit(Command command, Completion completion);

  // Told of each change of ready() but the one by stop(), after the waiting commands were sent.
  void on_change(std::function<void(bool ready)> observer);

 private:
  class Impl;
  Host& host_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace notify::redis
