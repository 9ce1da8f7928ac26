#include "ngx_notify_module/queue/holdings.hpp"

#include <utility>

#include "ngx_notify_module/queue/consumer.hpp"

namespace notify::queue {

Consumer* Holdings::give(EntryId id, Consumer& consumer, Hand& hand) {
  Held& held = held_[id];
  held.id = id;
  Consumer* before = std::exchange(held.holder, &consumer);
  if (before != &consumer) {
    if (before != nullptr) {
      --before->hand().count;
    }
    hand.entries.push_back(held);
    ++hand.count;
  }
  return before;
}

Consumer* Holdings::drop(EntryId id) {
  const auto found = held_.find(id);
  if (found == held_.end()) {
    return nullptr;
  }
  Consumer* holder = found->second.holder;
  --holder->hand().count;
  held_.erase(found);
  return holder;
}

void Holdings::drop_all(Hand& hand) {
  while (!hand.entries.empty()) {
    held_.erase(hand.entries.front().id);
  }
  hand.count = 0;
}

Consumer* Holdings::holder(EntryId id) const {
  const auto found = held_.find(id);
  return found == held_.end() ? nullptr : found->second.holder;
}

const Holdings::Held* Holdings::after(EntryId id) const {
  const auto next = held_.upper_bound(id);
  return next == held_.end() ? nullptr : &next->second;
}

}  // namespace notify::queue
