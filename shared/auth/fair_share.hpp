#pragma once

// Places that owners share. They are first come, first served until all are taken; then the owner
// that has most makes room for one that has fewer. So a newcomer that has none is always let in,
// however many others hold their most.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace notify {

class FairShare {
 public:
  explicit FairShare(std::size_t places) : places_(places) {}

  [[nodiscard]] bool full() const { return taken_ >= places_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

  // Of all that are taken, who is to give one up for this owner; empty: nobody.
  [[nodiscard]] std::string_view who_makes_room_for(std::string_view owner) const;

  void take(std::string_view owner);  // while not full()
  void give(std::string_view owner);  // one that he took

 private:
  const std::size_t places_;
  std::size_t taken_ = 0;
  std::map<std::string, std::size_t, std::less<>> held_;  // of those who hold any
};

}  // namespace notify
