// What a group is told: answers to what it has asked, and what it hears from others.

#include <algorithm>
#include <utility>

#include "ngx_notify_module/queue/group.hpp"
#include "ngx_notify_module/queue/sink.hpp"
#include "ngx_notify_module/queue/source.hpp"

namespace notify::queue {

// ---- answers ------------------------------------------------------------------------------------

// The operation is over. False if it failed.
bool Group::settle(const Error* error) {
  operation_ = Operation::kNone;
  state_ = State::kResting;
  --core_.asking;
  if (!core_.due.empty()) {
    core_.wake();
  }
  if (error != nullptr) {
    ++core_.figures.failures;
    state_ = State::kPausing;
    retry_at_ = core_.now_ms + core_.limits.retry_ms;
    core_.watcher.operation_failed(name(), *error);
    return false;
  }
  schedule();
  return true;
}

void Group::lose() {
  fresh_ = claim_wanted_ = true;
  claimed_last_ = false;
  claim_from_ = seen_ = EntryId{};
  suspects_.clear();
  std::vector<std::uint64_t> connected;
  for (const auto& [serial, consumer] : by_serial_) {
    if (consumer->connected()) {
      connected.push_back(serial);
    }
  }
  if (connected.empty()) {
    return;
  }
  ++core_.figures.groups_lost;
  mark_moved_ = false;
  core_.watcher.group_lost(name());
  for (const std::uint64_t serial : connected) {
    if (Consumer* consumer = find(serial)) {
      end(*consumer, End::kGroupLost);
    }
  }
}

void Group::on_joined(Consumer& consumer, const Result<Joined>& answer) {
  consumer.join_ = 0;
  if (!answer) {
    ++core_.figures.failures;
    end(consumer, End::kRefused, &answer.error());
    return;
  }
  if (answer->held) {
    if (!wait_for_name(consumer, *answer)) {
      end(consumer, End::kHeld);
    }
    return;
  }
  consumer.rival_.reset();
  consumer.state_ = Consumer::State::kServing;
  consumer.limit_ = answer->limit;
  fresh_ = true;
  if (connected_++ == 0) {
    claim_wanted_ = true;
    claim_from_ = EntryId{};
  }
  if (consumer.renewed_ms_ == 0) {  // its limit was set meanwhile
    renew_at_ = 0;
  }
  if (answer->restored) {
    ++core_.figures.restored;
    core_.watcher.group_restored(name());
  }
  schedule();
  const std::uint64_t serial = consumer.serial_;
  after_call(serial, consumer.sink_->joined());
}

void Group::on_taken(Result<Taken>& answer) {
  if (operation_ != Operation::kTake) {
    return;
  }
  const bool asked_somebody = !asked_.empty();
  if (!settle(answer ? nullptr : &answer.error())) {
    fresh_ = true;
    suspect(answer.error());
  } else if (answer->lost) {
    lose();
  } else {
    fresh_ = fresh_ || (asked_somebody && answer->more);
    hand_out(answer->shares);
  }
}

void Group::on_claimed(Result<Claimed>& answer) {
  if (operation_ != Operation::kClaim) {
    return;
  }
  if (!settle(answer ? nullptr : &answer.error())) {
    suspect(answer.error());
    return;
  }
  if (answer->lost) {
    lose();
    return;
  }
  claim_from_ = answer->next;
  if (claim_from_.is_zero()) {
    claim_wanted_ = std::exchange(claim_again_, false);
    claim_at_ = core_.now_ms + core_.limits.claim_ms;
  }
  core_.figures.gone += answer->gone;
  core_.figures.dead += answer->dead;
  if (answer->gone + answer->dead > 0) {
    mark_moved_ = true;
    core_.watcher.entries_dropped(name(), answer->gone, answer->dead);
  }
  core_.figures.reclaimed += hand_out(answer->shares);
}

void Group::on_audited(const Result<Audited>& answer) {
  if (operation_ != Operation::kAudit) {
    return;
  }
  if (!settle(answer ? nullptr : &answer.error())) {
    audit_after_ = EntryId{};
    return;
  }
  if (answer->lost) {
    lose();
    return;
  }
  const std::size_t count = std::min(audited_.size(), answer->held.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto [id, serial] = audited_[i];
    const Consumer* holder = holdings_.holder(id);
    if (!answer->held[i] && holder != nullptr && holder->serial_ == serial) {
      ++core_.figures.corrected;
      release(id);
    }
  }
}

// What the consumers hold and we do not count.
void Group::on_recalled(const Result<Recalled>& answer) {
  if (operation_ != Operation::kRecall) {
    return;
  }
  const std::vector<std::uint64_t> asked = std::exchange(suspects_, {});
  if (!settle(answer ? nullptr : &answer.error())) {
    if (answer.error().kind == ErrorKind::kUnavailable ||
        answer.error().kind == ErrorKind::kUnknownOutcome) {
      suspects_ = asked;
    }
    return;
  }
  if (answer->lost) {
    lose();
    return;
  }
  const std::size_t count = std::min(asked.size(), answer->given.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (const Consumer* consumer = find(asked[i])) {
      std::vector<EntryId> ids = answer->given[i];
      std::erase_if(ids, [&](EntryId id) { return holdings_.holder(id) == consumer; });
      requeue(consumer->name(), ids);
    }
  }
}

void Group::on_renewed(const Result<Renewed>& answer) {
  if (operation_ != Operation::kRenew) {
    return;
  }
  const std::vector<std::uint64_t> asked = std::exchange(asked_, {});
  if (!settle(answer ? nullptr : &answer.error())) {
    renew_at_ = core_.now_ms;
    for (const std::uint64_t serial : asked) {
      if (Consumer* consumer = find(serial)) {
        consumer->renewed_ms_ = 0;
      }
    }
    return;
  }
  const std::size_t count = std::min(asked.size(), answer->size());
  for (std::size_t i = 0; i < count; ++i) {
    Consumer* consumer = find(asked[i]);
    if (consumer == nullptr) {
      continue;
    }
    const std::optional<std::uint64_t>& limit = (*answer)[i];
    if (!limit) {
      ++core_.figures.leases_lost;
      end(*consumer, End::kLeaseLost);
    } else if (!limit_heard_) {
      set_limit(*consumer, *limit);
    }
  }
}

std::uint64_t Group::hand_out(std::vector<Share>& shares) {
  const std::uint64_t before = core_.figures.delivered;
  const std::size_t count = std::min(asked_.size(), shares.size());
  for (std::size_t i = 0; i < count; ++i) {
    Consumer* consumer = find(asked_[i]);
    if (consumer == nullptr) {
      requeue_of_left(asked_[i], shares[i].entries);
    } else if (shares[i].forgotten) {
      take_back(*consumer);
    } else if (!shares[i].limit) {
      ++core_.figures.leases_lost;
      end(*consumer, End::kLeaseLost);
    } else {
      if (!limit_heard_) {
        set_limit(*consumer, *shares[i].limit);
      }
      give(*consumer, shares[i].entries);
    }
  }
  asked_.clear();
  early_.clear();
  return core_.figures.delivered - before;
}

void Group::requeue_of_left(std::uint64_t serial, const std::vector<Entry>& entries) {
  const auto left = std::find_if(left_.begin(), left_.end(),
                                 [serial](const auto& each) { return each.first == serial; });
  std::vector<EntryId> ids;
  ids.reserve(entries.size());
  for (const Entry& entry : entries) {
    ids.push_back(entry.id);
  }
  if (left != left_.end()) {
    requeue(left->second, ids);
  }
}

void Group::requeue(std::string_view consumer, const std::vector<EntryId>& ids) {
  if (!ids.empty()) {
    core_.figures.orphaned += ids.size();
    core_.source.requeue(name(), consumer, ids);
  }
}

// Redis may have done what it was asked for: whom it gave something is asked for first.
void Group::suspect(const Error& error) {
  if (error.kind == ErrorKind::kUnknownOutcome) {
    suspects_ = std::exchange(asked_, {});
    suspect_since_ = asked_at_;
  }
}

// Redis has lost the lease of its name: it is renewed at once, which fails if somebody else was
// quicker, and asked for again.
void Group::take_back(Consumer& consumer) {
  consumer.renewed_ms_ = 0;
  renew_at_ = 0;
  fresh_ = claim_wanted_ = true;
  schedule();
}

void Group::give(Consumer& consumer, std::vector<Entry>& entries) {
  std::erase_if(entries, [this](const Entry& entry) { return early_.contains(entry.id); });
  if (entries.empty()) {
    return;
  }
  for (const Entry& entry : entries) {
    Consumer* before = holdings_.give(entry.id, consumer, consumer.hand_);
    if (before == nullptr) {
      ++core_.figures.in_flight;
    } else if (before != &consumer) {
      refresh(*before);
    }
    seen_ = std::max(seen_, entry.id);
  }
  mark_moved_ = true;
  core_.figures.delivered += entries.size();
  consumer.Hook<ReadyTag>::unlink();  // to the end, if it has room left
  refresh(consumer);
  const std::uint64_t serial = consumer.serial_;
  after_call(serial, consumer.sink_->deliver(entries));
}

// ---- what is heard ------------------------------------------------------------------------------

void Group::on_bell(EntryId id) {
  if (id > seen_) {
    fresh_ = true;
    schedule();
  }
}

void Group::on_watching() {
  fresh_ = true;
  schedule();
}

// Any message may have been missed until now.
void Group::on_listening() {
  audit_wanted_ = true;
  audit_after_ = EntryId{};
  renew_at_ = 0;  // brings the limits
  for (const auto& [serial, consumer] : by_serial_) {
    consumer->renewed_ms_ = 0;
  }
  schedule();
}

void Group::on_control(const redis::Control& message) {
  switch (message.kind) {
    case redis::Control::Kind::kDone:
      heard_done(message);
      break;
    case redis::Control::Kind::kAbsent:
    case redis::Control::Kind::kLacks:
      heard_not_held(message);
      break;
    case redis::Control::Kind::kMoved:
      heard_moved(message);
      break;
    case redis::Control::Kind::kLimit:
      heard_limit(message.limit);
      break;
    case redis::Control::Kind::kReclaim:
      claim_again_ = claim_wanted_;
      claim_wanted_ = true;
      break;
  }
  schedule();
}

void Group::release(EntryId id) {
  if (Consumer* holder = holdings_.drop(id)) {
    --core_.figures.in_flight;
    refresh(*holder);
  }
}

// It overtook the answer that brings the entry: then that one is not to be handed out any more.
void Group::note_early(EntryId id) {
  if (operation_ != Operation::kTake && operation_ != Operation::kClaim) {
    return;
  }
  if (early_.size() < core_.limits.early_ids) {
    early_.insert(id);
  } else {
    audit_wanted_ = true;
    audit_after_ = EntryId{};
  }
}

void Group::heard_done(const redis::Control& message) {
  mark_moved_ = true;
  for (const EntryId& id : message.ids) {
    if (holdings_.holder(id) != nullptr) {
      ++core_.figures.finished;
      release(id);
    }
    note_early(id);
  }
}

// Redis may have given it out since: it is asked, and not believed.
void Group::heard_not_held(const redis::Control& message) {
  const bool by_anybody = message.kind == redis::Control::Kind::kAbsent;
  for (const EntryId& id : message.ids) {
    const Consumer* holder = holdings_.holder(id);
    if (holder != nullptr && (by_anybody || holder->options_.token == message.token)) {
      audit_wanted_ = true;
      audit_after_ = EntryId{};
      return;
    }
  }
}

void Group::heard_moved(const redis::Control& message) {
  const Consumer* mine = nullptr;  // who is asked for now, and was given them
  for (const std::uint64_t serial : asked_) {
    const Consumer* consumer = find(serial);
    if (consumer != nullptr && consumer->options_.token == message.token) {
      mine = consumer;
    }
  }
  for (const EntryId& id : message.ids) {
    const Consumer* holder = holdings_.holder(id);
    if (holder != nullptr && holder->options_.token != message.token) {
      release(id);
    }
    if (mine != nullptr) {
      early_.erase(id);
    } else {
      note_early(id);
    }
  }
}

void Group::heard_limit(std::uint64_t limit) {
  limit_heard_ = true;  // what an answer on its way says of it is older
  for (const auto& [serial, consumer] : by_serial_) {
    if (consumer->connected()) {
      set_limit(*consumer, limit);
    } else {
      consumer->renewed_ms_ = 0;  // its join brings the one before, or this one
    }
  }
}

}  // namespace notify::queue
