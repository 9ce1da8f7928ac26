#pragma once

// JSON as RFC 8259 has it, read in place: a scanner that checks the whole text once and hands out
// slices of it. Numbers of any size, lone surrogates and \u0000 pass through untouched, since a
// publisher's data is passed on as it came. Not recursive: depth costs one bit a level.
//
// Every string_view points into the text that was given; it must outlive them.
//
//   auto body = json::parse_value(text);
//   if (!body) return body.error();
//   auto all = json::members(*body);                       // error unless it is an object
//   if (const json::Value* data = json::find(*all, "data")) use(data->raw);

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::json {

// Levels of arrays and objects that are accepted; one more is refused.
inline constexpr std::size_t kMaxDepth = 512;

enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

struct Value {
  Kind kind = Kind::kNull;
  std::string_view raw;  // without the white space around it; a string with its quotes

  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_true() const { return kind == Kind::kBool && raw == "true"; }
  [[nodiscard]] bool is_string() const { return kind == Kind::kString; }
  [[nodiscard]] bool is_object() const { return kind == Kind::kObject; }
  [[nodiscard]] bool is_array() const { return kind == Kind::kArray; }
};

struct Member {
  std::string name;  // decoded
  Value value;
};

// Where and why a text is not JSON. Wording and position are those of Python's json module wherever
// that refuses the same text.
struct ParseError {
  std::size_t offset = 0;  // in bytes
  std::string message;     // without the offset
};

// The whole text is one value, white space around it allowed. White space, UTF-8, nesting and
// control characters are all checked. The error is kInvalid, "<message> at offset <bytes>".
Result<Value> parse_value(std::string_view text, ParseError* error = nullptr);

// The same for a text that begins with a value; what follows it is ignored.
Result<Value> parse_first(std::string_view text, ParseError* error = nullptr);

[[nodiscard]] bool valid(std::string_view text);

// The parts of a value that parse_value() (or these) handed out. Nothing is checked again beyond
// what memory safety needs. kInvalid if the value is of another kind. Members keep their order, and
// names may repeat.
Result<std::vector<Member>> members(const Value& object);
// Of a longer array than `most` the first ones, and one more: whoever has a bound does not pay for
// what is beyond it.
Result<std::vector<Value>> elements(const Value& array, std::size_t most = SIZE_MAX - 1);
// How many elements an array has; 0 for another kind. Nothing is kept of them.
[[nodiscard]] std::size_t count_elements(const Value& array);

// Whether a member of that name of an object is an array of more than `most` elements; looks at no
// more of the text than it takes to say so, and checks nothing else of it.
[[nodiscard]] bool has_more_elements(std::string_view text, std::string_view name,
                                     std::size_t most);

// The last one of that name (as Python's json and browsers choose), or nullptr.
const Value* find(std::span<const Member> members, std::string_view name);

// The decoded text of a string, UTF-8; a lone surrogate becomes U+FFFD. Of another kind: empty.
std::string unquote(const Value& string);

// nullopt where a lone surrogate stands in it, or it is no string: for names, which must be exact.
std::optional<std::string> unquote_strict(const Value& string);

// A number without fraction and exponent that fits; nullopt otherwise.
std::optional<std::int64_t> to_int64(const Value& number);
// The nearest double; beyond its range an infinity (or zero). nullopt if it is no number.
std::optional<double> to_double(const Value& number);

// Appends the bytes as a JSON string. Escapes `"`, `\` and control characters (C0), and nothing
// else; each malformed part of UTF-8 becomes U+FFFD, so that the result is always valid.
void append_quoted(std::string& out, std::string_view bytes);
std::string quoted(std::string_view bytes);

// Appends valid JSON with its CR and LF (which can only stand between tokens) turned into blanks:
// one line, for SSE. Nothing else changes.
void append_single_line(std::string& out, std::string_view raw);

// Appends valid JSON without the white space between its tokens.
void append_compact(std::string& out, std::string_view raw);

}  // namespace notify::json
