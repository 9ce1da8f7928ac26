#include "shared/auth/fair_share.hpp"

#include <algorithm>

namespace notify {

std::string_view FairShare::who_makes_room_for(std::string_view owner) const {
  const auto most = std::max_element(
      held_.begin(), held_.end(),
      [](const auto& one, const auto& other) { return one.second < other.second; });
  const auto own = held_.find(owner);
  const std::size_t held = own == held_.end() ? 0 : own->second;
  // Else the two would only change their parts.
  return most != held_.end() && most->second > held + 1 ? std::string_view(most->first)
                                                        : std::string_view();
}

void FairShare::take(std::string_view owner) {
  const auto found = held_.find(owner);
  if (found == held_.end()) {
    held_.emplace(owner, 1);
  } else {
    ++found->second;
  }
  ++taken_;
}

void FairShare::give(std::string_view owner) {
  const auto found = held_.find(owner);
  if (found == held_.end()) {
    return;
  }
  --taken_;
  if (--found->second == 0) {
    held_.erase(found);
  }
}

}  // namespace notify
