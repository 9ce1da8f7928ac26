#pragma once

// One stream that has subscribers in this nginx worker: its latest frames, those who wait for them,
// and whether what we know of it is complete.
//
//   Subscribing ─► Positioning ─► Live ◄─► CatchingUp
//     ▲  bell confirmed │ the top   │  a bell was missed or rang twice, a native producer wrote,
//     │                 │ was read  │  a regular check: read what follows the top, until no more
//     └─────────────────┴───────────┘
//       the link was lost (and once confirmed again: CatchingUp)
//
// While CatchingUp, bells wait behind the read, in a bounded queue; beyond the bound they are
// dropped, and read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/hub/core.hpp"
#include "ngx_notify_module/hub/early.hpp"
#include "ngx_notify_module/hub/lead.hpp"
#include "ngx_notify_module/hub/pieces.hpp"
#include "ngx_notify_module/hub/ring.hpp"
#include "ngx_notify_module/hub/subscriber.hpp"

namespace notify::hub {

class Channel final : private Reader,
                      public Hook<DueTag>,
                      public Hook<StalledTag>,
                      public Hook<IdleTag>,
                      public Hook<RoundTag> {
 public:
  enum class State : std::uint8_t { kSubscribing, kPositioning, kLive, kCatchingUp };

  Channel(Core& core, std::string_view stream);
  ~Channel() override;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool live() const { return state_ == State::kLive; }
  [[nodiscard]] std::string_view stream() const { return stream_; }
  [[nodiscard]] Ticket id() const { return id_; }
  [[nodiscard]] Core& core() { return core_; }
  [[nodiscard]] Ring& ring() { return ring_; }

  // --- upstream ---
  void on_subscribed();
  void on_lost();
  void on_bell(EntryId prev, EntryId id, Entry* entry);
  void on_behind();  // a check found more in the stream
  void suspect();    // what we know cannot be right: read, now or soon
  void stall();      // a read failed: retry() at the next tick
  void retry();
  // Its regular turn, about once a second. True if its position is to be checked.
  [[nodiscard]] bool check();

  // --- downstream ---
  void join(Subscriber& subscriber);
  void leave();  // a subscriber that is on no list any more
  void put(Subscriber& subscriber, Subscriber::State state);  // on the list of its state
  void revisit();  // somebody was not given all that there is
  // Serves them; true if there is more to do in another turn.
  [[nodiscard]] bool turn(Budget& budget);
  void detach_all();
  BytesRef piece(const Format& format, std::uint64_t& from) {
    return pieces_.take(ring_, stream_, format, core_.limits.piece_bytes, from);
  }
  BytesRef frame(const Format& format, std::uint64_t number) {
    return Pieces::one(ring_, stream_, format, number);
  }
  [[nodiscard]] bool idle() const { return subscribers_ == 0; }
  [[nodiscard]] std::uint64_t idle_since_ms() const { return idle_since_ms_; }
  [[nodiscard]] Lead& lead() { return lead_; }
  void end_lead();

 private:
  void move(State next);
  void order_read();
  void catch_up();
  void append(Frame frame);
  // False: a further read is under way (or will be).
  [[nodiscard]] bool absorb(Page& page);
  [[nodiscard]] bool merge_early();
  void begin_anew(const Page& page);
  void note_reset(EntryId prev);
  void schedule();
  void wake_waiting();

  [[nodiscard]] Wish wish() const override;
  void on_page(Result<Page> page) override;

  Core& core_;
  const std::string stream_;
  const Ticket id_;
  State state_ = State::kSubscribing;
  bool positioned_ = false;
  Ring ring_;
  std::int64_t added_ = -1;  // entries that the stream had ever seen at the ring's top; -1: unknown

  EarlyBells early_;
  bool read_after_walk_ = false;  // catching up waits until those who can were served
  bool suspected_ = false;
  std::optional<EntryId> reset_prev_;  // `prev` of a bell that should not be: ids began anew?
  std::uint64_t verified_ms_ = 0;      // when a read last began

  std::size_t subscribers_ = 0;
  std::uint64_t idle_since_ms_ = 0;
  List<Subscriber, MemberTag> waiting_;   // Subscribing, for the channel to be live or a leader
  List<Subscriber, MemberTag> arriving_;  // Subscribing, to be served in the next turn
  List<Subscriber, MemberTag> replaying_;
  List<Subscriber, MemberTag> live_;
  List<Subscriber, MemberTag>::Cursor cursor_;
  std::uint64_t walk_head_ = 0;  // the ring's head when the walk began: all get at least this far
  bool rewalk_ = false;
  Pieces pieces_;
  Lead lead_;
};

}  // namespace notify::hub
