#pragma once

// Which entries of a group are in flight at a consumer of this nginx worker: given to it, and not
// yet heard to be finished or to be somebody else's. An entry is at one consumer at a time.
//
// Bounded by what the consumers may have in flight: the sum of their limits when they were given
// it.

#include <cstddef>
#include <cstdint>
#include <map>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/queue/core.hpp"
#include "shared/model/entry_id.hpp"

namespace notify::queue {

class Holdings {
 public:
  struct Held : Hook<HeldTag> {
    EntryId id;
    Consumer* holder = nullptr;
  };

  // A consumer's own.
  struct Hand {
    List<Held, HeldTag> entries;
    std::size_t count = 0;
  };

  // Whose it is from now on. Answers who had it before: nobody, the same, another one.
  Consumer* give(EntryId id, Consumer& consumer, Hand& hand);
  // Who had it; null if nobody here did.
  Consumer* drop(EntryId id);
  void drop_all(Hand& hand);

  [[nodiscard]] Consumer* holder(EntryId id) const;
  // The first one after `id`, or null.
  [[nodiscard]] const Held* after(EntryId id) const;
  [[nodiscard]] bool empty() const { return held_.empty(); }
  [[nodiscard]] std::size_t count() const { return held_.size(); }

 private:
  std::map<EntryId, Held> held_;  // in order, so that an audit walks through it in slices
};

}  // namespace notify::queue
