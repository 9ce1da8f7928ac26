#include "shared/model/field_rule.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/base/utf8.hpp"

namespace notify {
namespace {

constexpr std::array<std::pair<std::string_view, FieldType>, 7> kTypes{{
    {"string", FieldType::kString},
    {"integer", FieldType::kInteger},
    {"number", FieldType::kNumber},
    {"boolean", FieldType::kBoolean},
    {"object", FieldType::kObject},
    {"array", FieldType::kArray},
    {"any", FieldType::kAny},
}};

enum Parameter : std::size_t {
  kIn,
  kOptional,
  kNullable,
  kDefault,
  kMin,
  kMax,
  kChoice,
  kStrict,
  kMissing,
  kOf,
  kAt,
  kParameters,
};

struct ParameterName {
  std::string_view text;  // with the `=` where a value follows
  bool has_value;
};

constexpr std::array<ParameterName, kParameters> kNames{{{"in=", true},
                                                         {"optional", false},
                                                         {"nullable", false},
                                                         {"default=", true},
                                                         {"min=", true},
                                                         {"max=", true},
                                                         {"choice=", true},
                                                         {"strict", false},
                                                         {"missing=", true},
                                                         {"of=", true},
                                                         {"at=", true}}};

Error complain(std::string_view what, std::string_view word, std::string_view why = {}) {
  std::string text(what);
  text += " \"";
  text += word;
  text += "\"";
  return invalid(text.append(why));
}

bool is_one_of(FieldType type, std::initializer_list<FieldType> types) {
  for (const FieldType candidate : types) {
    if (candidate == type) {
      return true;
    }
  }
  return false;
}

bool fits(json::Kind kind, FieldType type) {
  switch (type) {
    case FieldType::kString:
      return kind == json::Kind::kString;
    case FieldType::kInteger:
    case FieldType::kNumber:
      return kind == json::Kind::kNumber;
    case FieldType::kBoolean:
      return kind == json::Kind::kBool;
    case FieldType::kObject:
      return kind == json::Kind::kObject;
    case FieldType::kArray:
      return kind == json::Kind::kArray;
    case FieldType::kAny:
      return true;
  }
  return false;
}

bool set_choices(FieldRule& rule, std::string_view value) {
  while (true) {
    const std::size_t bar = value.find('|');
    if (value.substr(0, bar).empty()) {
      return false;
    }
    rule.choices.emplace_back(value.substr(0, bar));
    if (bar == std::string_view::npos) {
      return true;
    }
    value.remove_prefix(bar + 1);
  }
}

// Whether the value can stand there at all; what it means for the type is checked at the end.
bool set(FieldRule& rule, Parameter parameter, std::string_view value) {
  switch (parameter) {
    case kIn:
      rule.in = value == "query" ? FieldSource::kQuery : FieldSource::kBody;
      return value == "query" || value == "body";
    case kOptional:
      rule.required = false;
      return true;
    case kNullable:
      rule.nullable = true;
      return true;
    case kDefault:
      rule.required = false;
      rule.default_json = value;
      return json::valid(value);
    case kMin:
      rule.min = parse_i64(value);
      return rule.min.has_value();
    case kMax:
      rule.max = parse_i64(value);
      return rule.max.has_value();
    case kChoice:
      return set_choices(rule, value);
    case kStrict:
      rule.strict = true;
      return true;
    case kMissing:
      rule.missing_text = value;
      return !value.empty();
    case kOf:
      rule.of = value;
      return !value.empty();
    case kAt:
      rule.at = value;
      return value.starts_with('/');
    case kParameters:
      break;
  }
  return false;
}

using Words = std::array<std::string_view, kParameters>;  // as given; empty where not

// What only makes sense together with the type.
Result<void> check_types(const FieldRule& rule, std::string_view type_word, const Words& given) {
  const bool counted = is_one_of(rule.type, {FieldType::kString, FieldType::kArray});
  const bool ranged = counted || is_one_of(rule.type, {FieldType::kInteger, FieldType::kNumber});
  const std::string suffix = " for type \"" + std::string(type_word) + "\"";
  const auto wrong = [&](Parameter parameter) {
    return complain("invalid parameter", given[parameter], suffix);
  };
  if (rule.in == FieldSource::kQuery &&
      is_one_of(rule.type, {FieldType::kObject, FieldType::kArray})) {
    return wrong(kIn);
  }
  if (rule.of.empty() != rule.at.empty() || (!rule.of.empty() && !given[kIn].empty())) {
    return wrong(rule.of.empty() ? kAt : kOf);
  }
  if (rule.strict &&
      (rule.in == FieldSource::kQuery ||
       !is_one_of(rule.type, {FieldType::kInteger, FieldType::kNumber, FieldType::kBoolean}))) {
    return wrong(kStrict);
  }
  if (rule.min && (!ranged || (counted && *rule.min < 0))) {
    return wrong(kMin);
  }
  if (rule.max && (!ranged || (counted && *rule.max < 0))) {
    return wrong(kMax);
  }
  if (rule.min && rule.max && *rule.min > *rule.max) {
    return complain("invalid parameter", given[kMax],
                    ", it is below \"" + std::string(given[kMin]) + "\"");
  }
  if (!rule.choices.empty() && rule.type != FieldType::kString) {
    return wrong(kChoice);
  }
  if (rule.default_json) {
    const auto value = json::parse_value(*rule.default_json);
    // null needs no `nullable`: a default is the configuration's own, not a client's.
    if (!value || !(value->is_null() || fits(value->kind, rule.type))) {
      return wrong(kDefault);
    }
  }
  return {};
}

}  // namespace

Result<FieldRule> parse_field_rule(std::span<const std::string_view> words) {
  if (words.size() < 2) {
    return invalid("invalid number of arguments");
  }
  FieldRule rule;
  rule.name = words[0];
  if (rule.name.empty() || !is_utf8(rule.name)) {
    return complain("invalid field name", words[0]);
  }
  bool known = false;
  for (const auto& [name, type] : kTypes) {
    if (words[1] == name) {
      rule.type = type;
      known = true;
    }
  }
  if (!known) {
    return complain("invalid type", words[1]);
  }
  Words given;
  for (const std::string_view word : words.subspan(2)) {
    std::size_t i = 0;
    while (i < kParameters &&
           !(kNames[i].has_value ? word.starts_with(kNames[i].text) : word == kNames[i].text)) {
      ++i;
    }
    if (i == kParameters) {
      return complain("invalid parameter", word);
    }
    if (!given[i].empty()) {
      return complain("duplicate parameter", word);
    }
    given[i] = word;
    if (!set(rule, static_cast<Parameter>(i),
             kNames[i].has_value ? word.substr(kNames[i].text.size()) : word)) {
      return complain("invalid parameter", word);
    }
  }
  if (auto checked = check_types(rule, words[1], given); !checked) {
    return checked.error();
  }
  return rule;
}

}  // namespace notify
