#include "worker/catalog/templates/template_schema.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <utility>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using json::Kind;

constexpr std::size_t kMostDataDepth = 64;
constexpr std::size_t kMostErrors = 20;
constexpr std::size_t kMostFrames = 1'500;  // of rules in one another: the thread's stack
constexpr std::size_t kStepBytes = 32;      // compared or read in one step

FieldError data_error(std::string_view type, std::string message) {
  return {std::string(type), {"body", "data"}, std::nullopt, std::move(message), "null", {}};
}

// Where a value stands in the data.
struct Place {
  const Place* above = nullptr;
  std::string_view name;
  std::size_t index = 0;
  bool is_index = false;

  [[nodiscard]] std::vector<std::string> path() const {
    std::vector<std::string> out;
    for (const auto* place = this; place->above != nullptr; place = place->above) {
      out.push_back(place->is_index ? std::to_string(place->index) : std::string(place->name));
    }
    out.emplace_back("data");
    out.emplace_back("body");
    std::reverse(out.begin(), out.end());
    return out;
  }
};

unsigned type_of(const JsonNode& data) {
  switch (data.kind) {
    case Kind::kNull:
      return kTypeNull;
    case Kind::kBool:
      return kTypeBoolean;
    case Kind::kNumber:
      return data.number.is_integer() ? kTypeInteger | kTypeNumber : kTypeNumber;
    case Kind::kString:
      return kTypeString;
    case Kind::kArray:
      return kTypeArray;
    case Kind::kObject:
      break;
  }
  return kTypeObject;
}

std::string list_types(unsigned types) {
  constexpr std::array kNames{"null",   "a boolean", "an integer", "a number",
                              "a text", "a list",    "an object"};
  std::string out;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((types & (1U << i)) != 0) {
      out += out.empty() ? "" : " or ";
      out += kNames[i];
    }
  }
  return out;
}

class Validator {
 public:
  Validator(const std::vector<SchemaRule>& rules, std::size_t steps)
      : rules_(rules), left_(steps) {}

  // `told`: what is wrong becomes an error; else the first fault is enough.
  bool check(RuleIndex index, const JsonNode& data, const Place& place, bool told) {
    if (!spend(1) || ++frames_ > kMostFrames) {
      exhausted_ = true;
      return false;
    }
    const auto& rule = rules_[static_cast<std::size_t>(index)];
    const bool good = rule.reference != kNoRule ? check(rule.reference, data, place, told)
                                                : check_rule(rule, data, place, told);
    --frames_;
    return good;
  }

  [[nodiscard]] bool exhausted() const { return exhausted_; }
  std::vector<FieldError> take_errors() { return std::move(errors_); }

 private:
  bool spend(std::size_t steps) {
    left_ -= std::min(left_, steps);
    exhausted_ = exhausted_ || left_ == 0;
    return !exhausted_;
  }
  bool spend_bytes(std::size_t bytes) { return spend(1 + bytes / kStepBytes); }

  bool wrong(const Place& place, bool told, std::string message) {
    if (told && errors_.size() < kMostErrors) {
      errors_.push_back(
          {"schema_error", place.path(), std::nullopt, std::move(message), "null", {}});
    }
    return false;
  }

  // Goes on after a fault only to find the others.
  static bool both(bool so_far, bool next) { return so_far && next; }
  [[nodiscard]] bool enough(bool good, bool told) const {
    return exhausted_ || (!good && (!told || errors_.size() >= kMostErrors));
  }

  bool check_rule(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (rule.boolean) {
      return *rule.boolean || wrong(place, told, "Nothing is allowed here");
    }
    bool good = true;
    for (const auto part :
         {&Validator::check_value, &Validator::check_number, &Validator::check_text,
          &Validator::check_array, &Validator::check_object, &Validator::check_combinations}) {
      if (enough(good, told)) {
        return false;
      }
      good = both((this->*part)(rule, data, place, told), good);
    }
    return good && !exhausted_;
  }

  const std::string& canonical(const JsonNode& data) {
    auto& known = canonical_[&data];
    if (known.empty()) {
      known = canonical_json(data);
      spend_bytes(2 * known.size());
    }
    return known;
  }

  bool check_value(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    bool good = true;
    if (rule.types != 0 && (type_of(data) & rule.types) == 0) {
      good = wrong(place, told, "Input should be " + list_types(rule.types));
    }
    if (rule.choices && spend(1)) {
      const auto& value = canonical(data);
      spend_bytes(std::bit_width(rule.choices->size()) * value.size());
      if (!std::binary_search(rule.choices->begin(), rule.choices->end(), value)) {
        good = wrong(place, told, "Input should be one of the values that the schema lists");
      }
    }
    if (rule.constant && spend_bytes(rule.constant->size()) && canonical(data) != *rule.constant) {
      good = wrong(place, told, "Input should be the value that the schema names");
    }
    return good;
  }

  bool check_number(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (!data.is(Kind::kNumber)) {
      return true;
    }
    bool good = true;
    const auto& number = data.number;
    spend_bytes(number.digits.size());
    for (const auto& limit : rule.least) {
      const int order = number.compare(limit.number);
      if (order < 0 || (order == 0 && limit.exclusive)) {
        good = wrong(place, told, "Input is less than the schema allows");
      }
    }
    for (const auto& limit : rule.most) {
      const int order = number.compare(limit.number);
      if (order > 0 || (order == 0 && limit.exclusive)) {
        good = wrong(place, told, "Input is more than the schema allows");
      }
    }
    if (rule.multiple_of && spend(number.digits.size() / 2) &&
        !number.is_multiple_of(*rule.multiple_of)) {
      good = wrong(place, told, "Input is no multiple of what the schema says");
    }
    return good;
  }

  // `at least 2 characters`
  bool check_bounds(const SchemaRule::Bound& least, const SchemaRule::Bound& most,
                    std::size_t count, std::string_view what, const Place& place, bool told) {
    if (least && count < *least) {
      return wrong(
          place, told,
          "Input should have at least " + std::to_string(*least) + " " + std::string(what));
    }
    if (most && count > *most) {
      return wrong(place, told,
                   "Input should have at most " + std::to_string(*most) + " " + std::string(what));
    }
    return true;
  }

  bool check_text(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (!data.is(Kind::kString)) {
      return true;
    }
    bool good =
        check_bounds(rule.min_length, rule.max_length, data.characters, "characters", place, told);
    if (rule.format && spend_bytes(4 * data.text.size()) && !has_format(*rule.format, data.text)) {
      good = wrong(place, told,
                   "Input should have the format `" + std::string(name_of(*rule.format)) + "`");
    }
    return good;
  }

  bool is_unique(const JsonNode& array) {
    const auto known = unique_.find(&array);
    if (known != unique_.end()) {
      return known->second;
    }
    std::vector<std::string_view> all;
    for (const auto* element : array.elements) {
      all.emplace_back(canonical(*element));
      if (!spend_bytes(all.back().size() * std::bit_width(array.elements.size()))) {
        return true;
      }
    }
    std::sort(all.begin(), all.end());
    return unique_[&array] = std::adjacent_find(all.begin(), all.end()) == all.end();
  }

  bool check_array(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (!data.is(Kind::kArray)) {
      return true;
    }
    const auto& elements = data.elements;
    bool good =
        check_bounds(rule.min_items, rule.max_items, elements.size(), "elements", place, told);
    if (rule.unique && !is_unique(data)) {
      good = wrong(place, told, "Each element should be there once");
    }
    for (std::size_t i = 0; i < elements.size() && !enough(good, told); ++i) {
      const auto element_rule = !rule.has_tuple         ? rule.items
                                : i < rule.tuple.size() ? rule.tuple[i]
                                                        : rule.additional_items;
      if (element_rule != kNoRule) {
        good = both(check(element_rule, *elements[i], {&place, {}, i, true}, told), good);
      }
    }
    if (rule.contains != kNoRule && !enough(good, told)) {
      const bool found = std::any_of(elements.begin(), elements.end(), [&](const auto* element) {
        return !exhausted_ && check(rule.contains, *element, place, false);
      });
      good = found ? good : wrong(place, told, "No element is what the schema asks for");
    }
    return good;
  }

  // What a look-up among so many names may compare.
  bool spend_search(std::size_t count, std::string_view name) {
    return spend(std::bit_width(count) * (1 + name.size() / kStepBytes));
  }

  bool check_required(const std::vector<std::string>& names, const JsonNode& data,
                      const Place& place, bool told) {
    bool good = true;
    for (const auto& name : names) {
      if (!spend_search(data.members.size() + 1, name)) {
        return false;
      }
      if (data.find(name) == nullptr) {
        good = wrong(place, told, "Field required: " + name);
      }
      if (enough(good, told)) {
        return false;
      }
    }
    return good;
  }

  bool check_object(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (!data.is(Kind::kObject)) {
      return true;
    }
    bool good = check_bounds(rule.min_members, rule.max_members, data.members.size(), "members",
                             place, told);
    good = both(check_required(rule.required, data, place, told), good);
    for (const auto& dependency : rule.dependencies) {
      if (enough(good, told) || !spend_search(data.members.size() + 1, dependency.name)) {
        return false;
      }
      if (data.find(dependency.name) != nullptr) {
        good = both(check_required(dependency.required, data, place, told), good);
        good = both(dependency.rule == kNoRule || check(dependency.rule, data, place, told), good);
      }
    }
    return check_members(rule, data, place, told) && good;
  }

  bool check_members(const SchemaRule& rule, const JsonNode& data, const Place& place, bool told) {
    if (rule.properties.empty() && rule.additional_properties == kNoRule &&
        rule.property_names == kNoRule) {
      return true;
    }
    bool good = true;
    for (const auto& [name, value] : data.members) {
      if (enough(good, told) || !spend_search(rule.properties.size() + 1, name)) {
        return false;
      }
      const Place inner{&place, name, 0, false};
      if (rule.property_names != kNoRule) {
        JsonNode text;
        text.kind = Kind::kString;
        text.text = name;
        text.characters = utf8_length(name);
        spend_bytes(name.size());
        good = both(check(rule.property_names, text, inner, told), good);
        canonical_.erase(&text);
      }
      const auto known = std::lower_bound(
          rule.properties.begin(), rule.properties.end(), name,
          [](const auto& property, const std::string& wanted) { return property.first < wanted; });
      const bool named = known != rule.properties.end() && known->first == name;
      const auto member_rule = named ? known->second : rule.additional_properties;
      if (member_rule != kNoRule) {
        good = both(check(member_rule, *value, inner, told), good);
      }
    }
    return good;
  }

  std::size_t count_fitting(const std::vector<RuleIndex>& rules, const JsonNode& data,
                            const Place& place, std::size_t most) {
    std::size_t fitting = 0;
    for (std::size_t i = 0; i < rules.size() && fitting < most && !exhausted_; ++i) {
      fitting += check(rules[i], data, place, false) ? 1 : 0;
    }
    return fitting;
  }

  bool check_combinations(const SchemaRule& rule, const JsonNode& data, const Place& place,
                          bool told) {
    bool good = true;
    for (const auto other : rule.all_of) {
      if (enough(good, told)) {
        return false;
      }
      good = both(check(other, data, place, told), good);
    }
    if (!rule.any_of.empty() && count_fitting(rule.any_of, data, place, 1) == 0) {
      good = wrong(place, told, "Input fits none of the schema's alternatives (anyOf)");
    }
    if (!rule.one_of.empty() && count_fitting(rule.one_of, data, place, 2) != 1) {
      good = wrong(place, told, "Input should fit exactly one of the alternatives (oneOf)");
    }
    if (rule.not_rule != kNoRule && check(rule.not_rule, data, place, false)) {
      good = wrong(place, told, "Input is what the schema excludes (not)");
    }
    if (rule.if_rule != kNoRule && (rule.then_rule != kNoRule || rule.else_rule != kNoRule)) {
      const auto next = check(rule.if_rule, data, place, false) ? rule.then_rule : rule.else_rule;
      good = both(next == kNoRule || check(next, data, place, told), good);
    }
    return good;
  }

  const std::vector<SchemaRule>& rules_;
  std::unordered_map<const JsonNode*, std::string> canonical_;
  std::unordered_map<const JsonNode*, bool> unique_;
  std::vector<FieldError> errors_;
  std::size_t left_;
  std::size_t frames_ = 0;
  bool exhausted_ = false;
};

}  // namespace

std::optional<std::string> check_schema(std::string_view text) {
  const auto rules = compile_schema(text);
  return rules ? std::nullopt : std::optional<std::string>(rules.error().message);
}

std::vector<FieldError> validate_data(std::string_view schema, std::string_view data_text,
                                      std::size_t steps) {
  const auto rules = compile_schema(schema);
  if (!rules) {
    return {data_error("schema_error",
                       "The template's schema cannot be used: " + rules.error().message)};
  }
  const auto data = JsonTree::parse(data_text, {kMostDataNodes, kMostDataDepth});
  if (!data) {
    return data.error().kind == ErrorKind::kTooLarge
               ? std::vector{data_error(
                     "too_long", "The data is too large to be validated: " + data.error().message)}
               : std::vector{data_error("value_error", "Value error, " + data.error().message)};
  }
  Validator validator(*rules, steps);
  const bool good = validator.check(0, data->root(), Place{}, true);
  if (validator.exhausted()) {
    return {
        data_error("too_long", "The data takes more than " + std::to_string(steps) +
                                   " steps to be validated by the template's schema: send less")};
  }
  auto errors = validator.take_errors();
  if (!good && errors.empty()) {
    errors.push_back(data_error("schema_error", "The data does not fit the template's schema"));
  }
  return good ? std::vector<FieldError>() : errors;
}

}  // namespace notify::worker
