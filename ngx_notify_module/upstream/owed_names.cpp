#include "ngx_notify_module/upstream/owed_names.hpp"

#include <utility>

namespace notify {

void OwedNames::add(OwedName name) {
  if (names_.size() < kMost) {
    names_.push_back(std::move(name));
  }
}

std::optional<OwedName> OwedNames::next(std::uint64_t now_ms) {
  while (!names_.empty()) {
    OwedName name = std::move(names_.front());
    names_.pop_front();
    if (now_ms < name.until_ms) {
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace notify
