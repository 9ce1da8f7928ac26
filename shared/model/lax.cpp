#include "shared/model/lax.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shared/base/text.hpp"

namespace notify {
namespace {

using json::Kind;
using json::Value;

constexpr std::size_t kMaxDigits = 4300;  // Python's and pydantic's bound for int from text

struct Refusal {
  std::string_view error;
  std::string_view msg;
};

constexpr Refusal kBoolType{"bool_type", "Input should be a valid boolean"};
constexpr Refusal kBoolParsing{"bool_parsing",
                               "Input should be a valid boolean, unable to interpret input"};
constexpr Refusal kIntType{"int_type", "Input should be a valid integer"};
constexpr Refusal kIntParsing{
    "int_parsing", "Input should be a valid integer, unable to parse string as an integer"};
constexpr Refusal kIntSize{"int_parsing_size",
                           "Unable to parse input string as an integer, exceeded maximum size"};
constexpr Refusal kIntFraction{
    "int_from_float", "Input should be a valid integer, got a number with a fractional part"};
constexpr Refusal kNotFinite{"finite_number", "Input should be a finite number"};
constexpr Refusal kFloatType{"float_type", "Input should be a valid number"};
constexpr Refusal kFloatParsing{
    "float_parsing", "Input should be a valid number, unable to parse string as a number"};

LaxValue refuse(const Refusal& why) { return {{}, why.error, why.msg}; }

LaxValue accept(std::string raw) { return {std::move(raw), {}, {}}; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Python's numbers may have single underscores between digits. Empty where they stand elsewhere.
std::string without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return {};
    }
  }
  return out;
}

std::string_view without_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : digits.substr(first);
}

std::size_t count_digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) {
    ++count;
  }
  return count;
}

// A decimal number in pieces.
struct Pieces {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view exponent;  // with its `e`
};

// [sign] digits [. digits] [e [sign] digits], where one of the first two groups may be empty.
std::optional<Pieces> split_number(std::string_view text) {
  Pieces out;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  out.whole = text.substr(0, count_digits(text));
  text.remove_prefix(out.whole.size());
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    out.fraction = text.substr(0, count_digits(text));
    text.remove_prefix(out.fraction.size());
  }
  if (out.whole.empty() && out.fraction.empty()) {
    return std::nullopt;
  }
  if (!text.empty()) {
    std::size_t i = text[0] == 'e' || text[0] == 'E' ? 1 : 0;
    i += i == 1 && i < text.size() && (text[i] == '+' || text[i] == '-') ? 1 : 0;
    if (i == 0 || i == text.size() || count_digits(text.substr(i)) != text.size() - i) {
      return std::nullopt;
    }
    out.exponent = text;
  }
  return out;
}

std::string signed_whole(bool negative, std::string_view digits) {
  const std::string_view plain = without_zeros(digits);
  return (negative && plain != "0" ? "-" : "") + std::string(plain);
}

LaxValue integer_of_text(std::string_view text) {
  const std::string plain = without_underscores(trim(text));
  const auto pieces = split_number(plain);
  if (!pieces || pieces->whole.empty() || !pieces->exponent.empty() ||
      (plain.find('.') != std::string::npos && pieces->fraction.empty()) ||
      pieces->fraction.find_first_not_of('0') != std::string_view::npos) {
    return refuse(kIntParsing);
  }
  if (pieces->whole.size() > kMaxDigits) {
    return refuse(kIntSize);
  }
  return accept(signed_whole(pieces->negative, pieces->whole));
}

LaxValue integer_of_number(const Value& value) {
  if (value.raw.find_first_of(".eE") == std::string_view::npos) {
    return accept(value.raw == "-0" ? "0" : std::string(value.raw));
  }
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  const double number = json::to_double(value).value_or(0);
  if (!std::isfinite(number)) {
    return refuse(kNotFinite);
  }
  if (number != std::trunc(number)) {
    return refuse(kIntFraction);
  }
  if (number <= -kLimit || number >= kLimit) {
    return refuse(kIntSize);
  }
  return accept(std::to_string(static_cast<std::int64_t>(number)));
}

LaxValue number_of_text(std::string_view text) {
  const std::string plain = without_underscores(trim(text));
  const auto pieces = split_number(plain);
  if (!pieces) {
    return refuse(kFloatParsing);
  }
  std::string out = pieces->negative ? "-" : "";
  out += without_zeros(pieces->whole);
  if (!pieces->fraction.empty()) {
    out += '.';
    out += pieces->fraction;
  }
  return accept(out.append(pieces->exponent));
}

}  // namespace

LaxValue lax_boolean(const Value& value) {
  if (value.kind == Kind::kBool) {
    return accept(std::string(value.raw));
  }
  if (value.kind == Kind::kNumber) {
    const std::string integer = integer_of_number(value).raw;
    if (integer == "0" || integer == "1") {
      return accept(integer == "1" ? "true" : "false");
    }
    return refuse(parse_i64(integer) ? kBoolParsing : kBoolType);
  }
  if (value.kind != Kind::kString) {
    return refuse(kBoolType);
  }
  constexpr std::array<std::string_view, 6> kTrue{"true", "t", "yes", "y", "on", "1"};
  constexpr std::array<std::string_view, 6> kFalse{"false", "f", "no", "n", "off", "0"};
  const std::string text = json::unquote(value);
  for (std::size_t i = 0; i < kTrue.size(); ++i) {
    if (iequals(text, kTrue[i])) return accept("true");
    if (iequals(text, kFalse[i])) return accept("false");
  }
  return refuse(kBoolParsing);
}

LaxValue lax_integer(const Value& value) {
  switch (value.kind) {
    case Kind::kNumber:
      return integer_of_number(value);
    case Kind::kString:
      return integer_of_text(json::unquote(value));
    case Kind::kBool:
      return accept(value.is_true() ? "1" : "0");
    default:
      return refuse(kIntType);
  }
}

LaxValue lax_number(const Value& value) {
  switch (value.kind) {
    case Kind::kNumber:
      return accept(std::string(value.raw));
    case Kind::kString:
      return number_of_text(json::unquote(value));
    case Kind::kBool:
      return accept(value.is_true() ? "1" : "0");
    default:
      return refuse(kFloatType);
  }
}

}  // namespace notify
