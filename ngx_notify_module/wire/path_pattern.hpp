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
  // Segments are texts, or names in braces: letters, digits and `_`. Errors are kInvalid, in
  // nginx's voice.
  static Result<PathPattern> parse(std::string_view text);

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
  std::vector<Segment> segments_;
};

}  // namespace notify
