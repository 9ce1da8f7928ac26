#pragma once

// Bells that rang while their channel was catching up: they wait until what stands before them has
// been read. Bounded; beyond the bound they are dropped, and what they told must be read, too.

#include <cstddef>
#include <optional>
#include <vector>

#include "shared/model/entry.hpp"

namespace notify::hub {

class EarlyBells {
 public:
  struct Bell {
    EntryId prev;
    EntryId id;
    std::optional<Entry> entry;
  };

  EarlyBells(std::size_t max_entries, std::size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  void keep(EntryId prev, EntryId id, Entry* entry);
  void clear();

  // A read is ordered: what rang until now, it will bring.
  void covered() {
    covered_ = bells_.size();
    dropped_ = false;
  }
  // It was read to the end. What is left rang since it was ordered; false if some of that is lost.
  bool uncover();
  std::vector<Bell>& bells() { return bells_; }

 private:
  std::size_t max_entries_;
  std::size_t max_bytes_;
  std::vector<Bell> bells_;
  std::size_t bytes_ = 0;
  std::size_t covered_ = 0;  // the first ones
  bool dropped_ = false;     // some of those after them
};

}  // namespace notify::hub
