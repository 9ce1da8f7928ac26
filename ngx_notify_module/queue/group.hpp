#pragma once

// One consumer group of one stream, as far as this nginx worker has clients of it. One operation is
// in flight for it at a time, whatever the number of clients:
//
//              something is to be asked               answered: hand out what was given
//   Resting ───────────────────────────► Asking ───────────────────────────────────► Resting
//      ▲                                   │  │
//      │ retry_ms                   failed │  │ there is no such group
//      └─────────── Pausing ◄──────────────┘  └──► all connected consumers are ended ──► Resting
//
// What is asked, the first that applies:
//   renew   the names are renewed at half their time
//   recall  the answer to a take or a claim was lost: what was given by it?
//   audit   after messages may have been missed, and now and then: is what we count as in flight
//           still pending where we think it is?
//   claim   somebody rang (`reclaim`), the group is new here, or now and then; alternating with
//   take    the stream may hold more (a bell, the last answer, a second has gone by) and somebody
//           has room; without anybody it is a look whether the group exists. Where all who have
//           room are busy it waits a moment for more of it (gather_ms): a take costs Redis and
//           nginx nearly as much for one entry as for ten
//
// Consumers that are asked for come in turn: who was given something goes to the end.
//
// What was given and reached no client, since that has left or the answer was lost, is requeued:
// others get it at once.
//
// A consumer's join is its own command, so a name is answered at once. While a group is lost those
// that are Joining stay: their join has made the group again, or will.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/queue/consumer.hpp"
#include "ngx_notify_module/queue/core.hpp"
#include "ngx_notify_module/queue/holdings.hpp"
#include "ngx_notify_module/queue/sink.hpp"
#include "ngx_notify_module/queue/source.hpp"

namespace notify::queue {

class Group final : public Hook<AskTag>, public Hook<GatherTag> {
 public:
  enum class State : std::uint8_t { kResting, kAsking, kPausing };

  Group(Core& core, std::string_view stream, std::string_view group);
  ~Group();  // consumers that are left are ended without a word

  [[nodiscard]] Core& core() { return core_; }
  [[nodiscard]] Name name() const { return {stream_, group_}; }
  [[nodiscard]] State state() const { return state_; }

  // --- for Consumer ---
  void join(Consumer& consumer);
  void leave(Consumer& consumer);
  void refresh(Consumer& consumer);  // has it room now?

  // --- upstream ---
  void on_joined(Consumer& consumer, const Result<Joined>& answer);
  void on_taken(Result<Taken>& answer);
  void on_claimed(Result<Claimed>& answer);
  void on_audited(const Result<Audited>& answer);
  void on_recalled(const Result<Recalled>& answer);
  void on_renewed(const Result<Renewed>& answer);
  void on_bell(EntryId id);
  void on_watching();   // from here on no bell is missed
  void on_listening();  // from here on no message is missed
  void on_control(const redis::Control& message);
  void on_gathered();

  // --- time ---
  void step();  // asks, if there is something to ask
  void tick();
  [[nodiscard]] bool over() const;  // nobody is left, for long enough

 private:
  enum class Operation : std::uint8_t { kNone, kTake, kClaim, kAudit, kRecall, kRenew };
  using Clock = std::uint64_t;

  void schedule();
  void ask_name(Consumer& consumer);
  bool wait_for_name(Consumer& consumer, const Joined& answer);
  void ask_held_names();
  Ticket begin(Operation operation);
  [[nodiscard]] bool settle(const Error* error);
  void lose();
  void end(Consumer& consumer, End why, const Error* error = nullptr);
  void detach(Consumer& consumer);
  void after_call(std::uint64_t serial, Flow flow);
  [[nodiscard]] Consumer* find(std::uint64_t serial) const;

  [[nodiscard]] bool has_ready();
  [[nodiscard]] bool all_busy();
  void gather();
  std::vector<Order> orders();
  void take();
  void claim();
  void audit();
  void recall();
  void renew();
  void keep_mark();

  std::uint64_t hand_out(std::vector<Share>& shares);
  void take_back(Consumer& consumer);
  void suspect(const Error& error);
  void requeue_of_left(std::uint64_t serial, const std::vector<Entry>& entries);
  void requeue(std::string_view consumer, const std::vector<EntryId>& ids);
  void give(Consumer& consumer, std::vector<Entry>& entries);
  void release(EntryId id);
  void note_early(EntryId id);
  void heard_done(const redis::Control& message);
  void heard_not_held(const redis::Control& message);
  void heard_moved(const redis::Control& message);
  void heard_limit(std::uint64_t limit);
  void set_limit(Consumer& consumer, std::uint64_t limit);

  Core& core_;
  const std::string stream_;
  const std::string group_;
  Settings settings_;

  List<Consumer, ConsumerTag> members_;
  List<Consumer, ReadyTag> ready_;
  std::unordered_map<std::uint64_t, Consumer*> by_serial_;
  std::size_t connected_ = 0;
  std::deque<std::pair<Clock, std::uint64_t>> held_;  // who asks once more, and when
  Holdings holdings_;

  State state_ = State::kResting;
  Operation operation_ = Operation::kNone;
  std::vector<std::uint64_t> asked_;  // take, claim, renew: serials
  std::vector<std::pair<std::uint64_t, std::string>>
      left_;  // of these, who left since, and its name
  Clock asked_at_ = 0;
  std::vector<std::uint64_t> suspects_;  // may have been given what nobody was told
  Clock suspect_since_ = 0;
  std::vector<std::pair<EntryId, std::uint64_t>> audited_;  // id, serial
  bool limit_heard_ = false;                                // since it was asked
  struct HashId {
    std::size_t operator()(const EntryId& id) const {
      return std::hash<std::uint64_t>{}(id.ms * 31 + id.seq);
    }
  };
  std::unordered_set<EntryId, HashId> early_;  // heard to be done since it was asked

  bool fresh_ = false;  // the stream may hold entries that nobody was given
  bool look_due_ = false;
  bool gathered_ = false;  // has waited for more room
  EntryId seen_;           // the last one that we were given: bells up to here are old
  bool claim_wanted_ = false;
  bool claim_again_ = false;  // somebody rang during the walk
  bool claimed_last_ = false;
  EntryId claim_from_;
  bool audit_wanted_ = false;
  EntryId audit_after_;
  bool mark_moved_ = false;
  Clock retry_at_ = 0;
  Clock look_at_ = 0;
  Clock claim_at_ = 0;
  Clock audit_at_ = 0;
  Clock renew_at_ = 0;
  Clock mark_at_ = 0;
  Clock idle_since_ = 0;
};

}  // namespace notify::queue
