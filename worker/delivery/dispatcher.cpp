#include "worker/delivery/dispatcher.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRedisAway{500};  // until it is asked again
constexpr std::size_t kOvershoot = 4;
constexpr milliseconds kSettleAgain{1000};  // likewise, for what must not be lost

std::string key_of(SourceIndex source, const Delivery& delivery) {
  return std::to_string(source) + "/" + format_entry_id(delivery.entry.id);
}

// One that is free, else a new one.
template <class Place>
std::size_t take_place(std::vector<Place>& places, std::vector<std::size_t>& free) {
  if (free.empty()) {
    places.emplace_back();
    return places.size() - 1;
  }
  const auto index = free.back();
  free.pop_back();
  return index;
}

}  // namespace

DestinationIndex Dispatcher::add_destination(const Target& target) {
  const auto index = take_place(destinations_, free_destinations_);
  destinations_[index].target = &target;
  return index;
}

SourceIndex Dispatcher::add_source(DestinationIndex destination) {
  const auto index = take_place(sources_, free_sources_);
  sources_[index].destination = destination;
  return index;
}

void Dispatcher::remove_source(SourceIndex source) {
  sources_[source] = {};
  free_sources_.push_back(source);
}

void Dispatcher::remove_destination(DestinationIndex destination) {
  destinations_[destination] = {};
  free_destinations_.push_back(destination);
}

std::size_t Dispatcher::room(SourceIndex source) const {
  const auto items = sources_[source].items;
  return draining_ || items >= options_.prefetch ? 0 : options_.prefetch - items;
}

std::size_t Dispatcher::older_room(SourceIndex source) const {
  const auto items = sources_[source].items;
  const auto bound = 2 * options_.prefetch;
  return draining_ || items >= bound ? 0 : bound - items;
}

void Dispatcher::offer(SourceIndex source, Delivery delivery) {
  auto key = key_of(source, delivery);
  if (const auto known = by_id_.find(key); known != by_id_.end()) {
    auto& item = items_.at(known->second);
    if (item.state == State::kQueued || item.state == State::kBudget) {
      item.delivery = std::move(delivery);  // it may be pending for another name of ours by now
    }
    return;
  }
  if (draining_ || sources_[source].items >= options_.prefetch * kOvershoot) {
    return;
  }
  const auto ticket = next_ticket_++;
  by_id_.emplace(std::move(key), ticket);
  auto& item = items_[ticket];
  item.source = source;
  item.delivery = std::move(delivery);
  ++sources_[source].items;
  const auto destination = sources_[source].destination;
  // A retry has waited already, and came before what is new.
  auto& queue = destinations_[destination].queue;
  item.delivery.attempts > 0 ? queue.push_front(ticket) : queue.push_back(ticket);
  pump(destination);
  schedule();
}

// The places that are counted are taken and given back here, and nowhere else.
void Dispatcher::change_state(Item& item, State next) {
  const auto counts = [](State state) {
    return state == State::kBudget || state == State::kBeginning || state == State::kOnWire;
  };
  auto& destination = destination_of(item);
  if (!counts(item.state) && counts(next)) {
    ++destination.in_flight;
    ++in_flight_;
  } else if (counts(item.state) && !counts(next)) {
    --destination.in_flight;
    --in_flight_;
  }
  item.state = next;
}

// An answer for a delivery that was forgotten meanwhile, or that is elsewhere by now, is ordinary.
Dispatcher::Item* Dispatcher::find(Ticket ticket, State expected) {
  const auto found = items_.find(ticket);
  return found != items_.end() && found->second.state == expected ? &found->second : nullptr;
}

void Dispatcher::pump() {
  for (DestinationIndex index = 0; index < destinations_.size(); ++index) {
    pump(index);
  }
}

void Dispatcher::pump(DestinationIndex index) {
  auto& destination = destinations_[index];
  while (!draining_ && !destination.queue.empty() && in_flight_ < options_.concurrency &&
         destination.in_flight < options_.destination_concurrency &&
         destination.hold_until_ms <= ports_.now_ms()) {
    const auto ticket = destination.queue.front();
    destination.queue.pop_front();
    start(index, ticket);
  }
}

void Dispatcher::start(DestinationIndex index, Ticket ticket) {
  auto& item = items_.at(ticket);
  const auto attempts = item.delivery.attempts;
  if (attempts >= options_.max_attempts) {
    // Only a worker that died, or was cut off, during the last attempt leaves it so.
    settle(ticket, item,
           {SettleKind::kDead, attempts, milliseconds{0},
            "no answer was seen to the last of " + std::to_string(attempts) + " attempts"});
    return;
  }
  auto request = destinations_[index].target->build(item.delivery);
  if (!request) {
    settle(ticket, item, {SettleKind::kDead, attempts, milliseconds{0}, request.error().message});
    return;
  }
  item.request = std::move(*request);
  if (!item.delivery.request.empty()) {
    item.request.headers.emplace_back("X-Request-ID", item.delivery.request);
  }
  change_state(item, State::kBudget);
  ports_.ask_budget(ticket, index);
}

void Dispatcher::on_budget(Ticket ticket, milliseconds wait) {
  auto* item = find(ticket, State::kBudget);
  if (item == nullptr) {
    return;
  }
  if (wait > milliseconds{0}) {
    put_back(ticket, wait);
  } else {
    change_state(*item, State::kBeginning);
    ports_.begin(ticket, item->source, item->delivery);
  }
}

void Dispatcher::on_budget_failed(Ticket ticket) {
  if (find(ticket, State::kBudget) != nullptr) {
    put_back(ticket, kRedisAway);
  }
}

void Dispatcher::on_begun(Ticket ticket, Begin answer) {
  auto* item = find(ticket, State::kBeginning);
  if (item == nullptr) {
    return;
  }
  switch (answer) {
    case Begin::kOk:
      if (destination_of(*item).hold_until_ms > ports_.now_ms()) {
        put_back(ticket, milliseconds{0});  // the hold came meanwhile
      } else {
        change_state(*item, State::kOnWire);
        ports_.send(ticket, std::move(item->request));
      }
      break;
    case Begin::kFailed:
      put_back(ticket, kRedisAway);
      break;
    case Begin::kGone:
    case Begin::kTrimmed:
    case Begin::kLost:  // whoever has that name now, or reclaims from it, will find it there
      forget(ticket);
      pump();
      schedule();
      break;
  }
}

// In front of the others, which wait with it: it was its turn.
void Dispatcher::put_back(Ticket ticket, milliseconds wait) {
  auto& item = items_.at(ticket);
  auto& destination = destination_of(item);
  const auto until = ports_.now_ms() + static_cast<std::uint64_t>(wait.count());
  destination.hold_until_ms = std::max(destination.hold_until_ms, until);
  change_state(item, State::kQueued);
  if (draining_) {
    forget(ticket);
  } else {
    destination.queue.push_front(ticket);
  }
  pump();
  schedule();
}

void Dispatcher::on_result(Ticket ticket, const HttpResult& result) {
  auto* item = find(ticket, State::kOnWire);
  if (item == nullptr) {
    return;
  }
  auto settlement = decide(*item, destination_of(*item).target->classify(result));
  ports_.report({item->delivery, settlement, result.status, result.took});
  settle(ticket, *item, std::move(settlement));
  pump();
  schedule();
}

Settlement Dispatcher::decide(const Item& item, const Verdict& verdict) {
  auto& destination = destination_of(item);
  const auto before = item.delivery.attempts;
  if (const auto* later = std::get_if<Later>(&verdict)) {
    Settlement settlement{SettleKind::kLater, before, milliseconds{0}, later->why};
    const auto failures = later->costs_attempt ? before : destination.refusals;
    settlement.delay =
        later->after ? *later->after : options_.backoff.next(failures, ports_.random());
    if (later->costs_attempt) {
      settlement.attempts = before + 1;
    } else if (!later->after) {
      ++destination.refusals;
    }
    if (later->holds_destination) {
      const auto until = ports_.now_ms() + static_cast<std::uint64_t>(settlement.delay.count());
      destination.hold_until_ms = std::max(destination.hold_until_ms, until);
      ports_.hold(sources_[item.source].destination, settlement.delay);
    }
    if (settlement.attempts >= options_.max_attempts) {
      settlement.kind = SettleKind::kDead;
      settlement.why =
          std::to_string(settlement.attempts) + " attempts, the last one: " + later->why;
    }
    return settlement;
  }
  destination.refusals = 0;
  if (const auto* dead = std::get_if<Dead>(&verdict)) {
    return {SettleKind::kDead, before + 1, milliseconds{0}, dead->why};
  }
  return {SettleKind::kDone, before + 1, milliseconds{0}, {}, std::get<Done>(verdict).facts};
}

void Dispatcher::settle(Ticket ticket, Item& item, Settlement settlement) {
  if (item.state != State::kOnWire) {  // it never got there: nobody has reported it
    ports_.report({item.delivery, settlement, 0, milliseconds{0}});
  }
  change_state(item, State::kSettling);
  item.settlement = std::move(settlement);
  ports_.settle(ticket, item.source, item.delivery, item.settlement);
}

void Dispatcher::on_settled(Ticket ticket, Settled answer) {
  auto* item = find(ticket, State::kSettling);
  if (item == nullptr) {
    return;
  }
  if (answer == Settled::kFailed) {
    item->settle_again_ms = ports_.now_ms() + static_cast<std::uint64_t>(kSettleAgain.count());
  } else {
    forget(ticket);
  }
  schedule();
}

void Dispatcher::on_wake() {
  const auto now = ports_.now_ms();
  for (auto& [ticket, item] : items_) {
    if (item.settle_again_ms != 0 && item.settle_again_ms <= now) {
      item.settle_again_ms = 0;
      ports_.settle(ticket, item.source, item.delivery, item.settlement);
    }
  }
  pump();
  schedule();
}

void Dispatcher::drain() {
  draining_ = true;
  std::vector<Ticket> waiting;
  for (const auto& [ticket, item] : items_) {
    if (item.state == State::kQueued || item.state == State::kBudget) {
      waiting.push_back(ticket);
    }
  }
  for (const auto ticket : waiting) {
    forget(ticket);
  }
  for (auto& destination : destinations_) {
    destination.queue.clear();
  }
}

// Never one that stands in a destination's queue, but for drain(), which empties them.
void Dispatcher::forget(Ticket ticket) {
  const auto found = items_.find(ticket);
  auto& item = found->second;
  change_state(item, State::kSettling);  // gives its place back
  const auto source = item.source;
  --sources_[source].items;
  by_id_.erase(key_of(source, item.delivery));
  items_.erase(found);
  if (!draining_) {
    ports_.room_changed(source);
  }
}

void Dispatcher::schedule() {
  auto next = std::numeric_limits<std::uint64_t>::max();
  const auto now = ports_.now_ms();
  for (const auto& destination : destinations_) {
    if (!destination.queue.empty() && destination.hold_until_ms > now) {
      next = std::min(next, destination.hold_until_ms);
    }
  }
  for (const auto& [ticket, item] : items_) {
    if (item.settle_again_ms != 0) {
      next = std::min(next, item.settle_again_ms);
    }
  }
  if (next != std::numeric_limits<std::uint64_t>::max()) {
    ports_.wake_at(next);
  }
}

}  // namespace notify::worker
