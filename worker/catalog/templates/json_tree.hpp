#pragma once

// JSON taken apart once, within bounds, for what looks at it often: schemas, data under them, data
// of templates. Pure.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/json.hpp"
#include "shared/base/result.hpp"
#include "worker/catalog/templates/decimal.hpp"

namespace notify::worker {

struct JsonNode {
  using Member = std::pair<std::string, const JsonNode*>;

  json::Kind kind = json::Kind::kNull;
  std::string_view raw;
  std::string text;             // of a string, decoded
  std::size_t characters = 0;   // likewise
  Decimal number;               // of a number
  std::vector<Member> members;  // by name; of several with one name the last one
  std::vector<const JsonNode*> elements;

  [[nodiscard]] bool is(json::Kind other) const { return kind == other; }
  [[nodiscard]] bool is_true() const { return kind == json::Kind::kBool && raw == "true"; }
  // nullptr: there is none, or it is no object.
  [[nodiscard]] const JsonNode* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return members.size() + elements.size(); }
};

class JsonTree {
 public:
  struct Bounds {
    std::size_t nodes = 5'000;
    std::size_t depth = 64;
  };

  // `text` has to outlive it. kInvalid: no JSON; kTooLarge: beyond the bounds.
  static Result<JsonTree> parse(std::string_view text, const Bounds& bounds);

  [[nodiscard]] const JsonNode& root() const { return nodes_.front(); }

 private:
  friend class JsonTreeReader;
  std::deque<JsonNode> nodes_;  // stay where they are
};

// One text for each value, whatever its spelling: 1.0 is 1, and the order of members does not
// count.
std::string canonical_json(const JsonNode& node);

}  // namespace notify::worker
