#pragma once

// Names of consumers that were to be given back while Redis was away: they are when it is there
// again, for as long as their leases last. Else clients that come back would hear until then that
// they are connected. Told what time it is. At most kMost; those beyond lapse by themselves.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace notify {

struct OwedName {
  std::string stream;
  std::string group;
  std::string consumer;
  std::string token;
  std::uint64_t until_ms = 0;  // then its lease has lapsed
};

class OwedNames {
 public:
  static constexpr std::size_t kMost = 10'000;

  void add(OwedName name);
  // The next one whose lease lasts still; it is taken away.
  std::optional<OwedName> next(std::uint64_t now_ms);
  [[nodiscard]] bool empty() const { return names_.empty(); }

 private:
  std::deque<OwedName> names_;
};

}  // namespace notify
