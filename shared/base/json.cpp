#include "shared/base/json.hpp"

#include <bitset>
#include <cstring>

#include "shared/base/encoding.hpp"
#include "shared/base/json_chars.hpp"
#include "shared/base/utf8.hpp"

namespace notify::json {
namespace {

using namespace detail;

Kind kind_of(char first) {
  switch (first) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

// ---- checking ----

// Runs once over a text. The nesting is a stack of bits (object or array), so hostile depth costs
// neither the machine's stack nor memory.
class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

  bool scan_value() {
    Want want = Want::kValue;
    while (true) {
      switch (want) {
        case Want::kValue:
          p_ = skip_space(p_, end_);
          if (!scan_token(want)) return false;
          break;
        case Want::kName:
          if (!scan_name()) return false;
          want = Want::kValue;
          break;
        case Want::kNext:
          if (depth_ == 0) return true;
          if (!scan_next(want)) return false;
          break;
      }
    }
  }

  bool scan_end() {
    p_ = skip_space(p_, end_);
    return p_ == end_ || fail("Extra data", p_);
  }

  [[nodiscard]] const char* position() const { return p_; }
  [[nodiscard]] ParseError error() const {
    return {static_cast<std::size_t>(error_at_ - begin_), error_};
  }

 private:
  enum class Want { kValue, kName, kNext };

  bool fail(const char* message, const char* at) {
    error_ = message;
    error_at_ = at;
    return false;
  }

  // A scalar, or the beginning of an array or object.
  bool scan_token(Want& want) {
    if (p_ == end_) {
      return fail("Expecting value", p_);
    }
    want = Want::kNext;
    switch (*p_) {
      case '"':
        return scan_string();
      case '{':
        return open(true, '}', want);
      case '[':
        return open(false, ']', want);
      case 't':
        return scan_literal("true");
      case 'f':
        return scan_literal("false");
      case 'n':
        return scan_literal("null");
      default:
        return scan_number();
    }
  }

  bool open(bool object, char close, Want& want) {
    if (depth_ == kMaxDepth) {
      static_assert(kMaxDepth == 512);
      return fail("Nesting deeper than 512 levels", p_);
    }
    objects_[depth_++] = object;
    p_ = skip_space(p_ + 1, end_);
    if (p_ != end_ && *p_ == close) {
      ++p_;
      --depth_;
    } else {
      want = object ? Want::kName : Want::kValue;
    }
    return true;
  }

  // After a value inside an array or object: a comma, or the end of what it stands in.
  bool scan_next(Want& want) {
    const bool object = objects_[depth_ - 1];
    p_ = skip_space(p_, end_);
    if (p_ == end_) {
      return fail("Expecting ',' delimiter", p_);
    }
    if (*p_ == ',') {
      p_ = skip_space(p_ + 1, end_);
      want = object ? Want::kName : Want::kValue;
      return true;
    }
    if (*p_ == (object ? '}' : ']')) {
      ++p_;
      --depth_;
      return true;
    }
    return fail("Expecting ',' delimiter", p_);
  }

  bool scan_name() {
    if (p_ == end_ || *p_ != '"') {
      return fail("Expecting property name enclosed in double quotes", p_);
    }
    if (!scan_string()) {
      return false;
    }
    p_ = skip_space(p_, end_);
    if (p_ == end_ || *p_ != ':') {
      return fail("Expecting ':' delimiter", p_);
    }
    ++p_;
    return true;
  }

  bool scan_literal(std::string_view literal) {
    if (static_cast<std::size_t>(end_ - p_) < literal.size() ||
        std::memcmp(p_, literal.data(), literal.size()) != 0) {
      return fail("Expecting value", p_);
    }
    p_ += literal.size();
    return true;
  }

  // Takes the longest number; what is wrong behind it (`1.`, `01`) fails as the next token.
  bool scan_number() {
    const char* p = *p_ == '-' ? p_ + 1 : p_;
    if (p == end_ || !is(*p, kDigitChar)) {
      return fail("Expecting value", p_);
    }
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (end_ - p >= 2 && *p == '.' && is(p[1], kDigitChar)) {
      p = skip_digits(p + 1);
    }
    if (end_ - p >= 2 && (*p == 'e' || *p == 'E')) {
      const char* digits = p[1] == '+' || p[1] == '-' ? p + 2 : p + 1;
      if (digits != end_ && is(*digits, kDigitChar)) {
        p = skip_digits(digits);
      }
    }
    p_ = p;
    return true;
  }

  const char* skip_digits(const char* p) const {
    while (p != end_ && is(*p, kDigitChar)) {
      ++p;
    }
    return p;
  }

  bool scan_string() {
    const char* start = p_;
    const char* p = p_ + 1;
    while (true) {
      p = skip_plain(p, end_);
      if (p == end_) {
        return fail("Unterminated string starting at", start);
      }
      const auto byte = static_cast<unsigned char>(*p);
      if (byte == '"') {
        p_ = p + 1;
        return true;
      }
      if (byte == '\\') {
        p = scan_escape(start, p);
        if (p == nullptr) {
          return false;
        }
      } else if (byte < 0x20) {
        return fail("Invalid control character at", p);
      } else {
        const Utf8Step step = utf8_step({p, static_cast<std::size_t>(end_ - p)});
        if (!step.valid) {
          return fail("Invalid UTF-8", p);
        }
        p += step.length;
      }
    }
  }

  // p: at the backslash. Answers the position behind the escape, or nullptr.
  const char* scan_escape(const char* start, const char* p) {
    if (end_ - p < 2) {
      fail("Unterminated string starting at", start);
      return nullptr;
    }
    switch (p[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        return p + 2;
      case 'u':
        break;
      default:
        fail("Invalid \\escape", p);
        return nullptr;
    }
    for (int i = 2; i < 6; ++i) {
      if (end_ - p <= i || hex_value(p[i]) < 0) {
        fail("Invalid \\uXXXX escape", p + 1);
        return nullptr;
      }
    }
    return p + 6;
  }

  const char* begin_;
  const char* p_;
  const char* end_;
  std::bitset<kMaxDepth> objects_;
  std::size_t depth_ = 0;
  const char* error_ = "";
  const char* error_at_ = nullptr;
};

Result<Value> parse(std::string_view text, bool whole, ParseError* error) {
  Scanner scanner(text);
  const std::size_t start =
      static_cast<std::size_t>(skip_space(text.data(), text.data() + text.size()) - text.data());
  bool good = scanner.scan_value();
  const char* end = scanner.position();
  if (good && whole) {
    good = scanner.scan_end();
  }
  if (!good) {
    ParseError found = scanner.error();
    Error out = invalid(found.message + " at offset " + std::to_string(found.offset));
    if (error != nullptr) {
      *error = std::move(found);
    }
    return out;
  }
  const std::string_view raw =
      text.substr(start, static_cast<std::size_t>(end - text.data()) - start);
  return Value{kind_of(raw[0]), raw};
}

// ---- walking over what was checked ----
//
// These trust the grammar but not the bounds: nullptr where the text ends too early.

const char* skip_container(const char* p, const char* end) {
  std::size_t depth = 0;
  while (p != end) {
    switch (*p) {
      case '"':
        p = skip_string(p, end);
        if (p == nullptr) {
          return nullptr;
        }
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) {
          return p + 1;
        }
        break;
      default:
        break;
    }
    ++p;
  }
  return nullptr;
}

const char* skip_value(const char* p, const char* end) {
  if (p == end) {
    return nullptr;
  }
  switch (*p) {
    case '"':
      return skip_string(p, end);
    case '{':
    case '[':
      return skip_container(p, end);
    default:
      break;
  }
  const char* start = p;
  while (p != end && *p != ',' && *p != '}' && *p != ']' && !is(*p, kSpace)) {
    ++p;
  }
  return p == start ? nullptr : p;
}

// Calls visit(name, value) for each part, until it says false; an array's parts have an empty name.
// False where the text is not what it should be.
template <class Visit>
bool walk(const Value& container, Kind kind, Visit visit) {
  const std::string_view raw = container.raw;
  if (container.kind != kind || raw.size() < 2) {
    return false;
  }
  const char close = kind == Kind::kObject ? '}' : ']';
  const char* end = raw.data() + raw.size();
  const char* p = skip_space(raw.data() + 1, end);
  if (p != end && *p == close) {
    return true;
  }
  while (p != end) {
    std::string_view name;
    if (kind == Kind::kObject) {
      const char* name_end = *p == '"' ? skip_string(p, end) : nullptr;
      if (name_end == nullptr) {
        return false;
      }
      name = {p, static_cast<std::size_t>(name_end - p)};
      p = skip_space(name_end, end);
      if (p == end || *p != ':') {
        return false;
      }
      p = skip_space(p + 1, end);
    }
    const char* value_end = skip_value(p, end);
    if (value_end == nullptr) {
      return false;
    }
    if (!visit(name, Value{kind_of(*p), {p, static_cast<std::size_t>(value_end - p)}})) {
      return true;
    }
    p = skip_space(value_end, end);
    if (p == end || *p != ',') {
      return p != end && *p == close;
    }
    p = skip_space(p + 1, end);
  }
  return false;
}

}  // namespace

Result<Value> parse_value(std::string_view text, ParseError* error) {
  return parse(text, true, error);
}

Result<Value> parse_first(std::string_view text, ParseError* error) {
  return parse(text, false, error);
}

bool valid(std::string_view text) {
  Scanner scanner(text);
  return scanner.scan_value() && scanner.scan_end();
}

Result<std::vector<Member>> members(const Value& object) {
  std::vector<Member> out;
  const bool good = walk(object, Kind::kObject, [&out](std::string_view name, Value value) {
    out.push_back({unquote({Kind::kString, name}), value});
    return true;
  });
  if (!good) {
    return invalid("not a JSON object");
  }
  return out;
}

std::size_t count_elements(const Value& array) {
  std::size_t count = 0;
  const bool good = walk(array, Kind::kArray, [&count](std::string_view, const Value&) {
    ++count;
    return true;
  });
  return good ? count : 0;
}

bool has_more_elements(std::string_view text, std::string_view name, std::size_t most) {
  const char* end = text.data() + text.size();
  const char* p = skip_space(text.data(), end);
  if (p == end || *p != '{') {
    return false;
  }
  do {
    p = skip_space(p + 1, end);
    const char* name_end = p != end && *p == '"' ? skip_string(p, end) : nullptr;
    if (name_end == nullptr) {
      return false;
    }
    const Value found{Kind::kString, {p, static_cast<std::size_t>(name_end - p)}};
    p = skip_space(name_end, end);
    if (p == end || *p != ':') {
      return false;
    }
    p = skip_space(p + 1, end);
    if (p != end && *p == '[' && unquote(found) == name) {
      std::size_t count = 0;
      const Value rest{Kind::kArray, {p, static_cast<std::size_t>(end - p)}};
      walk(rest, Kind::kArray, [&](std::string_view, const Value&) { return ++count <= most; });
      if (count > most) {
        return true;
      }
    }
    p = p == end ? nullptr : skip_value(p, end);
    p = p == nullptr ? end : skip_space(p, end);
  } while (p != end && *p == ',');
  return false;
}

Result<std::vector<Value>> elements(const Value& array, std::size_t most) {
  std::vector<Value> out;
  const bool good = walk(array, Kind::kArray, [&out, most](std::string_view, Value value) {
    out.push_back(value);
    return out.size() <= most;
  });
  if (!good) {
    return invalid("not a JSON array");
  }
  return out;
}

const Value* find(std::span<const Member> members, std::string_view name) {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->name == name) {
      return &member->value;
    }
  }
  return nullptr;
}

}  // namespace notify::json
