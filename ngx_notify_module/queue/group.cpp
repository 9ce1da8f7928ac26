#include "ngx_notify_module/queue/group.hpp"

#include <algorithm>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/queue/sink.hpp"
#include "ngx_notify_module/queue/source.hpp"

namespace notify::queue {
namespace {

// Where in its period a group does what it does now and then, so that not all do it at once.
std::uint64_t spread(std::uint64_t serial, std::uint64_t period) {
  return serial * 2'654'435'761U % (period + 1);
}

}  // namespace

Group::Group(Core& core, std::string_view stream, std::string_view group)
    : core_(core), stream_(stream), group_(group) {
  const std::uint64_t serial = core_.next_serial();
  const std::uint64_t now = core_.now_ms;
  look_at_ = now + spread(serial, core_.limits.look_ms);
  claim_at_ = now + spread(serial, core_.limits.claim_ms);
  audit_at_ = now + spread(serial, core_.limits.audit_ms);
  renew_at_ = now + core_.limits.renew_ms / 2;
  idle_since_ = now;
  ++core_.figures.groups;
}

Group::~Group() {
  while (!members_.empty()) {
    detach(members_.front());
  }
  --core_.figures.groups;
}

// ---- consumers ----------------------------------------------------------------------------------

void Group::join(Consumer& consumer) {
  ++core_.figures.consumers;
  members_.push_back(consumer);
  by_serial_.emplace(consumer.serial_, &consumer);
  settings_ = consumer.options_.settings;
  ask_name(consumer);
}

void Group::ask_name(Consumer& consumer) {
  consumer.renewed_ms_ = consumer.asked_ms_ = core_.now_ms;
  consumer.join_ = core_.ask(*this, &consumer);
  const bool rival_is_gone = consumer.rival_ && consumer.rival_->gone;
  core_.source.join(consumer.join_, name(),
                    {consumer.member(), consumer.limit_,
                     rival_is_gone ? std::string_view(consumer.rival_->token) : std::string_view{}},
                    settings_);
}

// Somebody else has the name. A client that comes back at once may be quicker than the news, at
// another nginx worker, that its last connection is gone; and that worker may be gone itself, with
// a name that it did not give back. So it is asked again, until the worker shows that it is alive,
// or has shown nothing for gone_ms, all the while Redis answered. False: the name is not to be had.
bool Group::wait_for_name(Consumer& consumer, const Joined& answer) {
  using Rival = Consumer::Rival;
  const Limits& limits = core_.limits;
  const std::uint64_t now = core_.now_ms;
  if (!consumer.rival_) {
    consumer.rival_ = Rival{answer.holder, answer.sign, now, now, false};
  } else {
    Rival& rival = *consumer.rival_;
    if (answer.holder.empty() || rival.gone || answer.holder != rival.token ||
        answer.sign != rival.sign || now - rival.first_ms >= limits.held_most_ms) {
      return false;
    }
    if (now - consumer.asked_ms_ >= limits.held_ms) {
      rival.still_since_ms = now;  // Redis was slow: the worker may have waited for it, too
    }
    if (now - rival.still_since_ms >= limits.gone_ms) {
      rival.gone = true;
      ask_name(consumer);
      return true;
    }
  }
  held_.emplace_back(now + limits.held_ms, consumer.serial_);
  return true;
}

void Group::ask_held_names() {
  while (!held_.empty() && held_.front().first <= core_.now_ms) {
    Consumer* consumer = find(held_.front().second);
    held_.pop_front();
    if (consumer != nullptr) {
      ask_name(*consumer);
    }
  }
}

void Group::leave(Consumer& consumer) {
  core_.source.leave(name(), consumer.member());
  detach(consumer);
  if (connected_ == 0 && mark_moved_) {
    keep_mark();
  }
}

void Group::detach(Consumer& consumer) {
  core_.askers.erase(consumer.join_);
  if (std::find(asked_.begin(), asked_.end(), consumer.serial_) != asked_.end()) {
    left_.emplace_back(consumer.serial_, consumer.options_.name);
  }
  connected_ -= consumer.connected() ? 1 : 0;
  core_.figures.in_flight -= consumer.in_flight();
  holdings_.drop_all(consumer.hand_);
  consumer.Hook<ConsumerTag>::unlink();
  consumer.Hook<ReadyTag>::unlink();
  by_serial_.erase(consumer.serial_);
  consumer.state_ = Consumer::State::kEnded;
  consumer.group_ = nullptr;
  --core_.figures.consumers;
  if (by_serial_.empty()) {
    idle_since_ = core_.now_ms;
  }
}

void Group::end(Consumer& consumer, End why, const Error* error) {
  const bool may_have_name = why == End::kGroupLost || (why == End::kRefused && error != nullptr &&
                                                        error->kind != ErrorKind::kUnavailable);
  Sink& sink = *consumer.sink_;
  if (may_have_name) {
    leave(consumer);
  } else {
    detach(consumer);
  }
  sink.ended(why, error);
}

Consumer* Group::find(std::uint64_t serial) const {
  const auto found = by_serial_.find(serial);
  return found == by_serial_.end() ? nullptr : found->second;
}

// The sink has answered; by now the consumer may be gone.
void Group::after_call(std::uint64_t serial, Flow flow) {
  Consumer* consumer = find(serial);
  if (consumer == nullptr) {
    return;
  }
  if (flow == Flow::kClosed) {
    leave(*consumer);
    return;
  }
  consumer->state_ = flow == Flow::kBlocked ? Consumer::State::kBlocked : Consumer::State::kServing;
  refresh(*consumer);
}

void Group::refresh(Consumer& consumer) {
  using Ready = Hook<ReadyTag>;
  if (consumer.room() == 0) {
    consumer.Ready::unlink();
  } else if (!consumer.Ready::linked()) {
    ready_.push_back(consumer);
    schedule();
  }
}

void Group::set_limit(Consumer& consumer, std::uint64_t limit) {
  consumer.limit_ = limit;
  refresh(consumer);
}

// ---- asking -------------------------------------------------------------------------------------

void Group::schedule() {
  if (state_ != State::kAsking && !Hook<AskTag>::linked()) {
    core_.due.push_back(*this);
    core_.wake();
  }
}

bool Group::has_ready() { return !ready_.empty(); }

bool Group::all_busy() {
  List<Consumer, ReadyTag>::Cursor cursor;
  ready_.begin(cursor);
  for (unsigned i = 0; i < core_.limits.take_consumers; ++i) {
    const Consumer* consumer = ready_.step(cursor);
    if (consumer == nullptr) {
      break;
    }
    if (!consumer->busy(core_.limits)) {
      return false;
    }
  }
  return true;
}

void Group::gather() {
  if (core_.gathering.empty()) {
    core_.waker.wake_in(core_.limits.gather_ms);
  }
  core_.gathering.push_back(*this);
}

void Group::on_gathered() {
  gathered_ = true;
  schedule();
}

void Group::step() {
  if (state_ == State::kAsking || (state_ == State::kPausing && core_.now_ms < retry_at_)) {
    return;
  }
  state_ = State::kResting;
  if (connected_ == 0) {
    return;
  }
  if (core_.now_ms >= renew_at_) {
    renew();
  }
  if (state_ == State::kResting && !suspects_.empty()) {
    recall();
  }
  if (state_ == State::kResting && audit_wanted_) {
    audit();
  }
  if (state_ != State::kResting) {
    return;
  }
  const bool could_take = fresh_ && has_ready();
  const bool take_now = look_due_ || (could_take && (gathered_ || !all_busy()));
  if (claim_wanted_ && has_ready() && !(claimed_last_ && take_now)) {
    claim();
  } else if (take_now) {
    take();
  } else if (could_take && !Hook<GatherTag>::linked()) {
    gather();
  }
}

Ticket Group::begin(Operation operation) {
  state_ = State::kAsking;
  operation_ = operation;
  limit_heard_ = false;
  early_.clear();
  left_.clear();
  asked_at_ = core_.now_ms;
  ++core_.asking;
  return core_.ask(*this, nullptr);
}

// Those that have room, in turn; what they want is bounded, the first comes first.
std::vector<Order> Group::orders() {
  const Limits& limits = core_.limits;
  std::vector<Order> orders;
  std::size_t left = limits.take_entries;
  asked_.clear();
  List<Consumer, ReadyTag>::Cursor cursor;
  ready_.begin(cursor);
  while (orders.size() < limits.take_consumers && left > 0) {
    const Consumer* consumer = ready_.step(cursor);
    if (consumer == nullptr) {
      break;
    }
    const std::size_t count =
        std::min({consumer->room(), left, std::size_t{limits.consumer_entries}});
    orders.push_back({consumer->member(), consumer->in_flight(), count});
    asked_.push_back(consumer->serial_);
    left -= count;
  }
  return orders;
}

// A look, where nothing says that there are new entries, is for one entry and its first taker: if
// it finds one, all are asked for then. Idle groups are many, and each look costs Redis by its
// takers.
void Group::take() {
  std::vector<Order> wanted = orders();
  if (!fresh_ && !wanted.empty()) {
    wanted.resize(1);
    wanted[0].count = 1;
    asked_.resize(1);
  }
  look_due_ = false;
  look_at_ = core_.now_ms + core_.limits.look_ms;
  claimed_last_ = false;
  if (!wanted.empty()) {
    fresh_ = gathered_ = false;
    Hook<GatherTag>::unlink();
  }
  core_.source.take(begin(Operation::kTake), name(), wanted, settings_);
}

void Group::claim() {
  const std::vector<Order> wanted = orders();
  claimed_last_ = true;
  core_.source.claim(begin(Operation::kClaim), name(), claim_from_, wanted, settings_);
}

void Group::audit() {
  std::vector<Holding> holdings;
  audited_.clear();
  while (holdings.size() < core_.limits.audit_entries) {
    const Holdings::Held* held = holdings_.after(audit_after_);
    if (held == nullptr) {
      break;
    }
    audit_after_ = held->id;  // who wants it all over again meanwhile sets it back
    holdings.push_back({held->holder->name(), held->id});
    audited_.emplace_back(held->id, held->holder->serial_);
  }
  if (holdings.empty()) {
    audit_wanted_ = false;
    return;
  }
  core_.source.audit(begin(Operation::kAudit), name(), holdings);
}

void Group::recall() {
  std::vector<Member> members;
  std::erase_if(suspects_, [this](std::uint64_t serial) { return find(serial) == nullptr; });
  members.reserve(suspects_.size());
  for (const std::uint64_t serial : suspects_) {
    members.push_back(find(serial)->member());
  }
  if (!members.empty()) {
    const std::uint64_t recent = core_.now_ms - suspect_since_ + core_.limits.recall_ms;
    core_.source.recall(begin(Operation::kRecall), name(), recent, members);
  }
}

void Group::renew() {
  std::vector<Lease> leases;
  asked_.clear();
  List<Consumer, ConsumerTag>::Cursor cursor;
  members_.begin(cursor);
  while (leases.size() < core_.limits.renew_consumers) {
    Consumer* consumer = members_.step(cursor);
    if (consumer == nullptr) {
      renew_at_ = core_.now_ms + core_.limits.renew_ms / 2;
      break;
    }
    if (consumer->connected() &&
        consumer->renewed_ms_ + core_.limits.renew_ms / 2 <= core_.now_ms) {
      leases.push_back({consumer->member(), consumer->limit_});
      asked_.push_back(consumer->serial_);
      consumer->renewed_ms_ = core_.now_ms;  // who wants it once more meanwhile sets it back
    }
  }
  if (!leases.empty()) {
    core_.source.renew(begin(Operation::kRenew), name(), leases);
  }
}

void Group::keep_mark() {
  mark_moved_ = false;
  mark_at_ = core_.now_ms + core_.limits.mark_ms;
  core_.source.mark(name());
}

// ---- time ---------------------------------------------------------------------------------------

void Group::tick() {
  const Limits& limits = core_.limits;
  const std::uint64_t now = core_.now_ms;
  ask_held_names();
  if (connected_ == 0) {
    return;
  }
  if (now >= look_at_) {
    look_at_ = now + limits.look_ms;
    look_due_ = true;
  }
  if (now >= claim_at_) {
    claim_at_ = now + limits.claim_ms;
    claim_wanted_ = true;
  }
  if (now >= audit_at_) {
    audit_at_ = now + limits.audit_ms;
    if (!audit_wanted_ && !holdings_.empty()) {
      audit_wanted_ = true;
      audit_after_ = EntryId{};
    }
  }
  if (mark_moved_ && now >= mark_at_) {
    keep_mark();
  }
  schedule();
}

bool Group::over() const {
  return by_serial_.empty() && state_ != State::kAsking &&
         core_.now_ms - idle_since_ >= core_.limits.linger_ms;
}

}  // namespace notify::queue
