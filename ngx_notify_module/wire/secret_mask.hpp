#pragma once

// Keeps the values of certain arguments out of logs: ?token=…, &api_key=…. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace notify {

class SecretMask {
 public:
  // `token` and `api_key`, to begin with.
  SecretMask();

  // Another name; of any letter case.
  void add(std::string_view name);

  // Writes `*` over each value in a text that holds a query anywhere (a request line, a URL, a line
  // of a log), and leaves its length. A name follows ? & ; or a quote, and counts in any letter
  // case, and as it would be decoded: %74oken is token; %3F, %26 and %3D are ?, & and = (a URL
  // inside of a query). Returns whether there was one. Allocates nothing.
  bool apply(std::span<char> text) const;

  // Whether apply() would write.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  [[nodiscard]] bool knows(std::string_view name) const;

  std::vector<std::string> names_;  // lower case
};

}  // namespace notify
