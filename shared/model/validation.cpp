#include "shared/model/validation.hpp"

#include <limits>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/model/lax.hpp"

namespace notify {
namespace {

using json::Kind;
using json::Value;

std::string compact(std::string_view raw) {
  std::string out;
  json::append_compact(out, raw);
  return out;
}

// What an error says, before its place is known.
struct Complaint {
  std::string type;
  std::string msg;
  std::string ctx;
};

std::string plural(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string one_member(std::string_view name, const std::string& value) {
  return "{\"" + std::string(name) + "\":" + value + "}";
}

// A choice as Python would print it, which is how pydantic lists them.
std::string python_quoted(std::string_view text) {
  const bool apostrophe = text.find('\'') != std::string_view::npos;
  const char quote = apostrophe && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + quote;
}

Complaint no_such_choice(const std::vector<std::string>& choices) {
  std::string expected;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) {
      expected += i + 1 == choices.size() ? " or " : ", ";
    }
    expected += python_quoted(choices[i]);
  }
  return {"literal_error", "Input should be " + expected,
          one_member("expected", json::quoted(expected))};
}

std::optional<Complaint> check_text(const FieldRule& rule, std::string_view text) {
  if (!rule.choices.empty()) {
    for (const std::string& choice : rule.choices) {
      if (text == choice) {
        return std::nullopt;
      }
    }
    return no_such_choice(rule.choices);
  }
  if (!rule.min && !rule.max) {
    return std::nullopt;
  }
  const auto length = static_cast<std::int64_t>(utf8_length(text));
  if (rule.min && length < *rule.min) {
    return Complaint{"string_too_short",
                     "String should have at least " + plural(*rule.min, "character"),
                     one_member("min_length", std::to_string(*rule.min))};
  }
  if (rule.max && length > *rule.max) {
    return Complaint{"string_too_long",
                     "String should have at most " + plural(*rule.max, "character"),
                     one_member("max_length", std::to_string(*rule.max))};
  }
  return std::nullopt;
}

std::optional<Complaint> check_count(const FieldRule& rule, const Value& array) {
  if (!rule.min && !rule.max) {
    return std::nullopt;
  }
  const auto elements = json::elements(array);
  const std::int64_t count = elements ? static_cast<std::int64_t>(elements->size()) : 0;
  const auto complain = [count](std::string_view type, std::string_view bound,
                                std::string_view bound_name, std::int64_t limit) {
    return Complaint{std::string(type),
                     "List should have at " + std::string(bound) + " " + plural(limit, "item") +
                         " after validation, not " + std::to_string(count),
                     "{\"field_type\":\"List\",\"" + std::string(bound_name) +
                         "\":" + std::to_string(limit) +
                         ",\"actual_length\":" + std::to_string(count) + "}"};
  };
  if (rule.min && count < *rule.min) {
    return complain("too_short", "least", "min_length", *rule.min);
  }
  if (rule.max && count > *rule.max) {
    return complain("too_long", "most", "max_length", *rule.max);
  }
  return std::nullopt;
}

// Integers that no 64 bits hold are beyond every bound that a rule can have.
int compare_integer(std::string_view raw, std::int64_t bound) {
  const auto number = parse_i64(raw);
  if (!number) {
    return raw.starts_with('-') ? -1 : 1;
  }
  return *number < bound ? -1 : (*number > bound ? 1 : 0);
}

int compare_number(std::string_view raw, std::int64_t bound) {
  const double number = json::to_double({Kind::kNumber, raw}).value_or(0);
  const auto limit = static_cast<double>(bound);
  return number < limit ? -1 : (number > limit ? 1 : 0);
}

std::optional<Complaint> check_range(const FieldRule& rule, std::string_view raw) {
  const bool integer = rule.type == FieldType::kInteger;
  const auto compare = integer ? compare_integer : compare_number;
  const char* suffix = integer ? "" : ".0";
  if (rule.min && compare(raw, *rule.min) < 0) {
    const std::string bound = std::to_string(*rule.min);
    return Complaint{"greater_than_equal", "Input should be greater than or equal to " + bound,
                     one_member("ge", bound + suffix)};
  }
  if (rule.max && compare(raw, *rule.max) > 0) {
    const std::string bound = std::to_string(*rule.max);
    return Complaint{"less_than_equal", "Input should be less than or equal to " + bound,
                     one_member("le", bound + suffix)};
  }
  return std::nullopt;
}

std::optional<Complaint> check_lax(const FieldRule& rule, LaxValue lax, FieldValue& out) {
  if (!lax.error.empty()) {
    return Complaint{std::string(lax.error), std::string(lax.msg), {}};
  }
  out.raw = std::move(lax.raw);
  out.text = out.raw;
  return rule.type == FieldType::kBoolean ? std::nullopt : check_range(rule, out.raw);
}

// Fills `out` from a value that came, or says what is wrong with it.
std::optional<Complaint> check_value(const FieldRule& rule, const Value& value, FieldValue& out) {
  out.present = true;
  out.raw = value.raw;
  if (value.is_string()) {
    out.text = json::unquote(value);
  } else {
    out.text = value.raw;
  }
  if (value.is_null() && (rule.nullable || rule.type == FieldType::kAny)) {
    return std::nullopt;
  }
  switch (rule.type) {
    case FieldType::kString:
      if (value.is_string() && rule.as_text && !json::unquote_strict(value)) {
        return Complaint{"string_unicode",
                         "Input should be a valid string, unable to parse raw data as a unicode "
                         "string",
                         {}};
      }
      if (value.is_string()) return check_text(rule, out.text);
      if (!rule.choices.empty()) return no_such_choice(rule.choices);
      return Complaint{"string_type", "Input should be a valid string", {}};
    case FieldType::kInteger:
      return check_lax(rule, lax_integer(value), out);
    case FieldType::kNumber:
      return check_lax(rule, lax_number(value), out);
    case FieldType::kBoolean:
      return check_lax(rule, lax_boolean(value), out);
    case FieldType::kObject:
      if (value.is_object()) return std::nullopt;
      return Complaint{"dict_type", "Input should be a valid dictionary", {}};
    case FieldType::kArray:
      if (value.is_array()) return check_count(rule, value);
      return Complaint{"list_type", "Input should be a valid list", {}};
    case FieldType::kAny:
      break;
  }
  return std::nullopt;
}

void use_default(const FieldRule& rule, FieldValue& out) {
  if (!rule.default_json) {
    return;
  }
  out.raw = *rule.default_json;
  const auto value = json::parse_value(out.raw);
  out.text = value && value->is_string() ? json::unquote(*value) : out.raw;
}

FieldError missing(std::vector<std::string> loc, std::string input) {
  return {"missing", std::move(loc), std::nullopt, "Field required", std::move(input), {}};
}

FieldError at_field(Complaint complaint, std::string source, const FieldRule& rule,
                    std::string_view raw) {
  return {std::move(complaint.type),
          {std::move(source), rule.name},
          std::nullopt,
          std::move(complaint.msg),
          compact(raw),
          std::move(complaint.ctx)};
}

void check_query(const FieldRule& rule, std::string_view query, FieldValue& value,
                 std::vector<FieldError>& errors) {
  std::vector<std::string> given = query_args(query, rule.name);
  if (given.empty()) {
    if (rule.required) {
      errors.push_back(missing({"query", rule.name}, "null"));
    }
    use_default(rule, value);
    return;
  }
  const std::string raw = json::quoted(given.back());
  auto complaint = check_value(rule, {Kind::kString, raw}, value);
  if (complaint) {
    errors.push_back(at_field(std::move(*complaint), "query", rule, raw));
  } else if (value.raw == raw) {
    value.text = std::move(given.back());  // the bytes themselves, valid UTF-8 or not
  }
}

// The members of the body, or the error that says why there are none.
std::optional<FieldError> read_body(std::string_view body, Value& object,
                                    std::vector<json::Member>& members) {
  if (body.empty()) {
    return missing({"body"}, "null");
  }
  json::ParseError where;
  const auto parsed = json::parse_value(body, &where);
  if (!parsed) {
    return FieldError{
        "json_invalid",      {"body"}, utf8_length(body.substr(0, where.offset)),
        "JSON decode error", "{}",     one_member("error", json::quoted(where.message))};
  }
  if (parsed->is_null()) {
    return missing({"body"}, "null");
  }
  auto found = json::members(*parsed);
  if (!found) {
    return FieldError{"model_attributes_type",
                      {"body"},
                      std::nullopt,
                      "Input should be a valid dictionary or object to extract fields from",
                      compact(parsed->raw),
                      {}};
  }
  object = *parsed;
  members = std::move(*found);
  return std::nullopt;
}

void check_body(std::span<const FieldRule> rules, std::string_view body, Validated& out) {
  Value object;
  std::vector<json::Member> members;
  if (auto error = read_body(body, object, members)) {
    if (error->type == "json_invalid") {
      out.errors.clear();  // as FastAPI: a body that cannot be read is all that is said
    }
    out.errors.push_back(std::move(*error));
    return;
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FieldRule& rule = rules[i];
    if (rule.in != FieldSource::kBody) {
      continue;
    }
    const Value* value = json::find(members, rule.name);
    if (value == nullptr) {
      if (rule.required) {
        out.errors.push_back(missing({"body", rule.name}, compact(object.raw)));
      }
      use_default(rule, out.values[i]);
    } else if (auto complaint = check_value(rule, *value, out.values[i])) {
      out.errors.push_back(at_field(std::move(*complaint), "body", rule, value->raw));
    }
  }
}

}  // namespace

Validated validate(std::span<const FieldRule> rules, std::string_view query,
                   std::optional<std::string_view> body) {
  Validated out;
  out.values.resize(rules.size());
  bool wants_body = false;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].in == FieldSource::kQuery) {
      check_query(rules[i], query, out.values[i], out.errors);
    } else {
      wants_body = true;
    }
  }
  if (wants_body) {
    check_body(rules, body.value_or(std::string_view{}), out);
  }
  return out;
}

std::string render_detail(std::span<const FieldError> errors) {
  std::string out = "{\"detail\":[";
  const char* separator = "";
  for (const FieldError& error : errors) {
    out += separator;
    separator = ",";
    out += "{\"type\":";
    json::append_quoted(out, error.type);
    out += ",\"loc\":[";
    for (std::size_t i = 0; i < error.loc.size(); ++i) {
      out += i == 0 ? "" : ",";
      json::append_quoted(out, error.loc[i]);
    }
    if (error.position) {
      out += "," + std::to_string(*error.position);
    }
    out += "],\"msg\":";
    json::append_quoted(out, error.msg);
    out += ",\"input\":";
    out += error.input.empty() ? "null" : error.input;
    if (!error.ctx.empty()) {
      out += ",\"ctx\":";
      out += error.ctx;
    }
    out += "}";
  }
  return out + "]}";
}

std::string field_path(const FieldError& error) {
  std::string out;
  for (const std::string& part : error.loc) {
    out += out.empty() ? "" : ".";
    out += part;
  }
  if (error.position) {
    out += "." + std::to_string(*error.position);
  }
  return out;
}

}  // namespace notify
