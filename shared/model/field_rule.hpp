#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify {

enum class FieldType { kString, kInteger, kNumber, kBoolean, kObject, kArray, kAny };
enum class FieldSource { kBody, kQuery };

// What one member of a body (or one argument of the query) must be: a line `notify_field …;`.
struct FieldRule {
  std::string name;
  FieldType type = FieldType::kAny;
  FieldSource in = FieldSource::kBody;
  bool required = true;   // false with `optional` or `default=`
  bool nullable = false;  // null is accepted in place of the type (kAny takes it always)
  std::optional<std::string> default_json;  // raw JSON; used as it is when the field is absent

  // Inclusive. Characters (code points) of a string, elements of an array, value of a number.
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;

  // The JSON type itself, and nothing that could be read as it: 7, neither "7" nor 7.0. Of a body.
  bool strict = false;

  // Said instead of our own words where the field is absent, null or shorter than `min`.
  std::string missing_text;

  std::vector<std::string> choices;  // of a string; empty: any

  // The value stands inside of the JSON in another field's text, at this place (RFC 6901). Where
  // that is no JSON, or has no such place, it is absent.
  std::string of;
  std::string at;

  // Its decoded text is used, in a stream's name or a field of an entry, and not only its JSON: a
  // lone surrogate, which no text can hold, is refused. Not a word of the directive: who uses the
  // text says so.
  bool as_text = false;
};

// The words after the directive's name:
//
//   NAME string|integer|number|boolean|object|array|any
//        [in=query|body] [optional] [nullable] [strict] [default=JSON] [min=N] [max=N]
//        [choice=a|b|c] [missing=TEXT] [of=FIELD at=/json/pointer]
//
// Errors are kInvalid, in nginx's voice, and name the word: `invalid type "strng"`,
// `invalid parameter "mn=1"`, `duplicate parameter "min=2"`.
Result<FieldRule> parse_field_rule(std::span<const std::string_view> words);

}  // namespace notify
