#pragma once

// Whether a request is what its rules ask for. Kinds, wording and order of the errors are those of
// FastAPI with pydantic 2, since clients of three of the replaced services know them; other
// shapes of an answer are made from the same list.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/field_rule.hpp"

namespace notify {

struct FieldError {
  std::string type;                     // "missing", "string_type", …
  std::vector<std::string> loc;         // "body" or "query", then the field
  std::optional<std::size_t> position;  // json_invalid: characters before the error, last in `loc`
  std::string msg;
  std::string input;        // raw JSON, compact
  std::string ctx;          // raw JSON object, or empty
  std::string reason = {};  // json_invalid: what the parser says
  bool worded = false;      // `msg` is the rule's own text, and needs nothing around it
};

struct FieldValue {
  // A string's decoded bytes (of null, where it is one: none); of anything else the raw JSON. Empty
  // when absent and without default. From a query: exactly the decoded bytes, which may be invalid
  // UTF-8.
  std::string text;
  // JSON as it was sent (or the default). Where the type allows another spelling (`"yes"`, `1` for
  // a boolean, `"7"` for an integer) it is normalised: `true`, `7`.
  std::string raw;
  bool present = false;  // it came with the request; a default leaves this false
};

struct Validated {
  std::vector<FieldValue> values;  // one for each rule, in their order; use only if ok()
  std::vector<FieldError> errors;  // query first, then body, each in the order of the rules

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

enum class BodyText {
  kWhole,  // is one value
  kFirst,  // begins with one; what follows is of no concern
  kForm,   // is arguments, as of a query: a form of HTML
};

// `query` without the `?`; of a repeated argument the last one counts, as in Starlette. The body is
// looked at only if a rule is about it; then it must be a JSON object, and other members in it are
// of no concern. No body, an empty one, and `null` are the same: missing.
Validated validate(std::span<const FieldRule> rules, std::string_view query,
                   std::optional<std::string_view> body, BodyText text = BodyText::kWhole);

// Whether something is wrong with that field, or with the body as a whole. What else is to be
// checked of a field is checked unless this is so, whatever is wrong with others: a client is told
// all at once.
[[nodiscard]] bool has_fault(std::span<const FieldError> errors, std::string_view field);

// {"detail":[{"type":…,"loc":[…],"msg":…,"input":…,"ctx":…},…]}, compact.
std::string render_detail(std::span<const FieldError> errors);

// "body.client_name": the place of an error with dots.
std::string field_path(const FieldError& error);

}  // namespace notify
