#include "ngx_notify_module/hub/early.hpp"

#include <utility>

namespace notify::hub {

void EarlyBells::keep(EntryId prev, EntryId id, Entry* entry) {
  const std::size_t size = entry == nullptr ? 0 : entry->size_bytes();
  if (dropped_ || bells_.size() >= max_entries_ || bytes_ + size > max_bytes_) {
    dropped_ = true;
    return;
  }
  bytes_ += size;
  Bell& bell = bells_.emplace_back(Bell{prev, id, std::nullopt});
  if (entry != nullptr) {
    bell.entry = std::move(*entry);
  }
}

void EarlyBells::clear() {
  bells_ = {};
  bytes_ = covered_ = 0;
  dropped_ = false;
}

bool EarlyBells::uncover() {
  for (std::size_t i = 0; i < covered_; ++i) {
    bytes_ -= bells_[i].entry ? bells_[i].entry->size_bytes() : 0;
  }
  bells_.erase(bells_.begin(), bells_.begin() + static_cast<std::ptrdiff_t>(covered_));
  covered_ = 0;
  return !dropped_;
}

}  // namespace notify::hub
