#pragma once

// A JSON Schema made ready for use: one rule for each schema within it, with references resolved.
// Pure.
//
// Refused: what is no schema; `pattern` and `patternProperties` (regular expressions may take
// exponential time); references that do not lead to a place within (`#`, `#/…`), and `$id` within
// the schema, which would move them; references that lead back to themselves without a step into
// the data; more than kMostSchemaNodes values, or as many rules for one value of the data.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/catalog/templates/json_tree.hpp"
#include "worker/catalog/templates/schema_format.hpp"

namespace notify::worker {

using RuleIndex = int;
inline constexpr RuleIndex kNoRule = -1;

// A kind of value each, to be combined.
enum SchemaType : unsigned {
  kTypeNull = 1,
  kTypeBoolean = 2,
  kTypeInteger = 4,
  kTypeNumber = 8,  // integers among them
  kTypeString = 16,
  kTypeArray = 32,
  kTypeObject = 64,
};

struct SchemaRule {
  using Bound = std::optional<std::uint64_t>;
  struct Limit {
    Decimal number;
    bool exclusive = false;
  };
  struct Dependency {
    std::string name;
    std::vector<std::string> required;
    RuleIndex rule = kNoRule;
  };

  std::optional<bool> boolean;  // true or false in place of an object
  RuleIndex reference = kNoRule;
  unsigned types = 0;                               // 0: any
  std::optional<std::vector<std::string>> choices;  // `enum`, canonical, sorted
  std::optional<std::string> constant;              // `const`, canonical
  std::optional<Decimal> multiple_of;
  std::vector<Limit> least;
  std::vector<Limit> most;
  Bound min_length, max_length, min_items, max_items, min_members, max_members;
  std::optional<SchemaFormat> format;
  RuleIndex items = kNoRule;
  std::vector<RuleIndex> tuple;  // `items` as a list
  bool has_tuple = false;
  RuleIndex additional_items = kNoRule;
  RuleIndex contains = kNoRule;
  bool unique = false;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, RuleIndex>> properties;  // sorted
  RuleIndex additional_properties = kNoRule;
  RuleIndex property_names = kNoRule;
  std::vector<Dependency> dependencies;
  RuleIndex if_rule = kNoRule;
  RuleIndex then_rule = kNoRule;
  RuleIndex else_rule = kNoRule;
  std::vector<RuleIndex> all_of, any_of, one_of;
  RuleIndex not_rule = kNoRule;
};

inline constexpr std::size_t kMostSchemaNodes = 2'000;

// The first rule is the whole schema's. The error says what is wrong with it, for people.
Result<std::vector<SchemaRule>> compile_schema(std::string_view text);

}  // namespace notify::worker
