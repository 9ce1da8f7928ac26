#pragma once

// One client on one channel: where it stands in the stream, and what it is waiting for.
//
//              channel is live           position met the ring
//   Subscribing ─────────────► Replaying ─────────────────────► Live
//        ▲                     │   ▲  ▲                           │
//        └─────────────────────┘   │  └───────────────────────────┘
//          read failed; another    │ next page,       position fell off the ring
//          one reads the same      └ as the socket
//                                    drains
//   any ─► Closed: the sink said so, or the hub is gone
//
// The state is the list of the channel that it is on. A position on the ring (or at its head) is
// served from the ring; any other one is read from the stream, page by page, at the pace of the
// socket. Nothing is held here but the position: at most one batch is with the sink.

#include <cstdint>
#include <span>
#include <string>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/hub/core.hpp"
#include "ngx_notify_module/hub/loss.hpp"
#include "ngx_notify_module/hub/sink.hpp"

namespace notify::hub {

// Where a new subscriber begins.
struct Start {
  enum class From : std::uint8_t {
    kNow,      // entries published from here on
    kAfter,    // entries after `after` (Last-Event-ID)
    kUnknown,  // it named a position that cannot be understood: a gap, then as kNow
  };
  From from = From::kNow;
  EntryId after;
  // But for kAfter: the last so many entries of before come first, none older than so long (0: of
  // any age).
  unsigned latest = 0;
  std::uint64_t latest_ms = 0;
};

// How the join was resolved.
enum class Resume : std::uint8_t {
  kPending,   // not yet
  kNew,       // begins now
  kRing,      // goes on where it was, from memory
  kReplayed,  // goes on where it was, from the stream
  kGap,       // something was lost, and it was told so
};

// Owned by the session, which calls the hub; the destructor leaves.
class Subscriber final : private Reader, public Hook<MemberTag> {
 public:
  enum class State : std::uint8_t { kSubscribing, kReplaying, kLive, kClosed };

  Subscriber(Channel& channel, const Format& format, Sink& sink, const Start& start);
  ~Subscriber() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Resume resume() const { return resume_; }
  // The last entry that it was sent, or where it began.
  [[nodiscard]] EntryId position() const { return position_; }
  // What would be lost to a client that goes on from there.
  enum class Debt : std::uint8_t {
    kNone,
    kUnknown,  // it is still to be told that nobody knows what it has seen
    kLatest,   // it has still to be given the latest entries
  };
  [[nodiscard]] Debt debt() const {
    return owed_ == Loss::kUnknown ? Debt::kUnknown : seeks_ > 0 ? Debt::kLatest : Debt::kNone;
  }
  // The socket was filled by somebody else: nothing more until drained().
  void hold() { blocked_ = true; }

  // --- for the hub and the channel ---
  [[nodiscard]] Channel* channel() { return channel_; }
  void arrive(Budget& budget);   // the channel is live: begin, or try again
  void serve(Budget& budget);    // what it lacks, from the ring
  void drained(Budget& budget);  // the socket took everything
  void detach();                 // the hub goes

 private:
  // Notices that the subscriber was destroyed by what it called.
  class Visit;

  void move(State next);
  void begin();
  void go_on(Budget& budget);  // Replaying: what next?
  void enter_ring(Budget& budget);
  void replay();
  void seek();
  void wait_for_verdict();
  // What the page brings, as it is sent, as far as it fits; moves the position.
  struct Progress;
  Progress take(const Page& page);
  Progress take_latest(const Page& page);
  void put(Progress& progress, EntryId position, std::string text) const;
  void skip_replayed();
  [[nodiscard]] bool send_each();
  std::size_t collect(std::span<BytesRef> pieces);
  // These are false if the subscriber is closed, or gone altogether: nothing of it may be touched.
  template <class Call>
  [[nodiscard]] bool call(Call&& sink_call);
  [[nodiscard]] bool send(std::span<const BytesRef> pieces);
  [[nodiscard]] bool send(Progress progress);
  [[nodiscard]] bool pay_owed();

  [[nodiscard]] Wish wish() const override;
  void on_page(Result<Page> page) override;

  Channel* channel_;
  const Format* format_;
  Sink* sink_;
  Visit* visit_ = nullptr;
  EntryId position_;
  std::uint64_t next_ = 0;   // Live: number of the frame on the ring to be sent next
  std::uint64_t epoch_ = 0;  // of the ring, that the position belongs to
  EntryId read_top_;         // Replaying: the ring's top when the read was ordered
  std::uint64_t latest_ms_;
  unsigned seeks_;  // so many of the latest entries come first
  Start::From from_;
  State state_ = State::kClosed;
  Resume resume_ = Resume::kPending;
  Loss owed_ = Loss::kNone;  // to be told before anything else
  bool attached_ = false;
  bool blocked_ = false;
};

}  // namespace notify::hub
