#include "shared/model/validation.hpp"

#include <algorithm>
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
  const auto count = static_cast<std::int64_t>(json::count_elements(array));
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

std::optional<Complaint> check_strict(const FieldRule& rule, const Value& value, FieldValue& out) {
  const bool number = value.kind == Kind::kNumber;
  switch (rule.type) {
    case FieldType::kBoolean:
      if (value.kind == Kind::kBool) return std::nullopt;
      return Complaint{"bool_type", "Input should be a valid boolean", {}};
    case FieldType::kInteger:
      if (number && value.raw.find_first_of(".eE") == std::string_view::npos) break;
      return Complaint{"int_type", "Input should be a valid integer", {}};
    default:
      if (number) break;
      return Complaint{"float_type", "Input should be a valid number", {}};
  }
  return check_range(rule, out.raw);
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
    if (rule.type == FieldType::kString) {
      out.text.clear();  // four letters would be a text that nobody has sent
    }
    return std::nullopt;
  }
  if (rule.strict) {
    return check_strict(rule, value, out);
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

FieldError missing(const FieldRule& rule, std::string source, std::string input) {
  FieldError error = missing({std::move(source), rule.name}, std::move(input));
  if (!rule.missing_text.empty()) {
    error.msg = rule.missing_text;
    error.worded = true;
  }
  return error;
}

bool is_missing(const Complaint& complaint, const Value& value) {
  return value.is_null() || complaint.type == "too_short" || complaint.type == "string_too_short";
}

FieldError at_field(Complaint complaint, std::string source, const FieldRule& rule,
                    const Value& value) {
  const bool worded = !rule.missing_text.empty() && is_missing(complaint, value);
  if (worded) {
    complaint.msg = rule.missing_text;
  }
  return {std::move(complaint.type),
          {std::move(source), rule.name},
          std::nullopt,
          std::move(complaint.msg),
          compact(value.raw),
          std::move(complaint.ctx),
          {},
          worded};
}

// `source`: where the arguments stand.
void check_argument(const FieldRule& rule, const char* source, std::string_view query,
                    FieldValue& value, std::vector<FieldError>& errors) {
  std::vector<std::string> given = query_args(query, rule.name);
  if (given.empty()) {
    if (rule.required) {
      errors.push_back(missing(rule, source, "null"));
    }
    use_default(rule, value);
    return;
  }
  const std::string raw = json::quoted(given.back());
  auto complaint = check_value(rule, {Kind::kString, raw}, value);
  if (complaint) {
    errors.push_back(at_field(std::move(*complaint), source, rule, {Kind::kString, raw}));
  } else if (value.raw == raw) {
    value.text = std::move(given.back());  // the bytes themselves, valid UTF-8 or not
  }
}

// The members of the body, or the error that says why there are none.
std::optional<FieldError> read_body(std::string_view body, BodyText text, Value& object,
                                    std::vector<json::Member>& members) {
  if (body.empty()) {
    return missing({"body"}, "null");
  }
  json::ParseError where;
  const auto parsed =
      text == BodyText::kWhole ? json::parse_value(body, &where) : json::parse_first(body, &where);
  if (!parsed) {
    return FieldError{
        "json_invalid",      {"body"}, utf8_length(body.substr(0, where.offset)),
        "JSON decode error", "{}",     one_member("error", json::quoted(where.message)),
        where.message};
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

void check_body(std::span<const FieldRule> rules, std::string_view body, BodyText text,
                Validated& out) {
  Value object;
  std::vector<json::Member> members;
  if (auto error = read_body(body, text, object, members)) {
    if (error->type == "json_invalid") {
      out.errors.clear();  // as FastAPI: a body that cannot be read is all that is said
    }
    out.errors.push_back(std::move(*error));
    return;
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FieldRule& rule = rules[i];
    if (rule.in != FieldSource::kBody || !rule.of.empty()) {
      continue;
    }
    const Value* value = json::find(members, rule.name);
    if (value == nullptr) {
      if (rule.required) {
        out.errors.push_back(missing(rule, "body", compact(object.raw)));
      }
      use_default(rule, out.values[i]);
    } else if (auto complaint = check_value(rule, *value, out.values[i])) {
      out.errors.push_back(at_field(std::move(*complaint), "body", rule, *value));
    }
  }
}

// ---- inside of a field --------------------------------------------------------------------------

// A name between two slashes: `~1` is a slash in it, `~0` a tilde.
std::string pointer_name(std::string_view token) {
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escaped =
        token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    name += escaped ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return name;
}

std::optional<Value> step_into(const Value& value, std::string_view token) {
  if (value.is_object()) {
    const auto members = json::members(value);
    const Value* found = members ? json::find(*members, pointer_name(token)) : nullptr;
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  const auto index = parse_u64(token);
  const auto elements = json::elements(value, index.value_or(0));
  if (!index || !elements || *index >= elements->size()) {
    return std::nullopt;
  }
  return (*elements)[*index];
}

std::optional<Value> find_at(std::string_view text, std::string_view pointer) {
  const auto whole = json::parse_value(text);
  std::optional<Value> value = whole ? std::optional(*whole) : std::nullopt;
  while (value && !pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    value = step_into(*value, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return value;
}

void check_inner(std::span<const FieldRule> rules, std::size_t index, Validated& out) {
  const FieldRule& rule = rules[index];
  const char* source = rule.in == FieldSource::kQuery ? "query" : "body";
  std::optional<Value> value;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].name == rule.of) {
      value = find_at(out.values[i].text, rule.at);
    }
  }
  if (!value) {
    if (rule.required) {
      out.errors.push_back(missing(rule, source, "null"));
    }
    use_default(rule, out.values[index]);
  } else if (auto complaint = check_value(rule, *value, out.values[index])) {
    out.errors.push_back(at_field(std::move(*complaint), source, rule, *value));
  }
}

}  // namespace

Validated validate(std::span<const FieldRule> rules, std::string_view query,
                   std::optional<std::string_view> body, BodyText text) {
  Validated out;
  out.values.resize(rules.size());
  bool wants_body = false;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].of.empty()) {
      continue;
    }
    if (rules[i].in == FieldSource::kQuery) {
      check_argument(rules[i], "query", query, out.values[i], out.errors);
    } else if (text == BodyText::kForm) {
      check_argument(rules[i], "body", body.value_or(std::string_view{}), out.values[i],
                     out.errors);
    } else {
      wants_body = true;
    }
  }
  if (wants_body) {
    check_body(rules, body.value_or(std::string_view{}), text, out);
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].of.empty() && !has_fault(out.errors, rules[i].of)) {
      check_inner(rules, i, out);
    }
  }
  return out;
}

bool has_fault(std::span<const FieldError> errors, std::string_view field) {
  return std::any_of(errors.begin(), errors.end(), [field](const FieldError& error) {
    return error.loc.size() < 2 || error.loc[1] == field;
  });
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
