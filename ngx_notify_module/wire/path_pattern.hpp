#pragma once

// The path of a request as the client wrote it, against a pattern such as
// /api/streams/{stream}/messages. Segments are told apart before they are decoded: a name may hold
// any byte, `/` among them (%2F).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify {

class PathPattern {
 public:
  // Whether a name may hold a slash that the client encoded. Where none may, the path that nginx
  // decoded has the same segments as the one that the client sent.
  enum class Slashes { kInNames, kNone };

  // Segments are texts, or names in braces: letters, digits and `_`. Errors are kInvalid, in
  // nginx's voice.
  static Result<PathPattern> parse(std::string_view text, Slashes slashes = Slashes::kInNames);

  // The decoded names, in the pattern's order; nullopt where the path is another one. None of them
  // is empty. What follows `?` or `#` is of no concern.
  [[nodiscard]] std::optional<std::vector<std::string>> match(std::string_view raw) const;

  // Its place in the pattern's order.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;

 private:
  struct Segment {
    std::string text;
    bool is_name = false;
  };
  [[nodiscard]] bool fits(const Segment& expected, std::string_view segment) const;

  std::vector<Segment> segments_;
  Slashes slashes_ = Slashes::kInNames;
};

}  // namespace notify
