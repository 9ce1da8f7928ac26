#include "worker/catalog/templates/schema_rules.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using json::Kind;

constexpr std::size_t kMostSchemaDepth = 64;
constexpr std::string_view kTooLarge = "the schema is too large, too deep, or refers to itself";

std::string quote(std::string_view name) { return "`" + std::string(name) + "`"; }

unsigned type_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypes{{
      {"null", kTypeNull},
      {"boolean", kTypeBoolean},
      {"integer", kTypeInteger},
      {"number", kTypeNumber},
      {"string", kTypeString},
      {"array", kTypeArray},
      {"object", kTypeObject},
  }};
  for (const auto& [known, type] : kTypes) {
    if (known == name) {
      return type;
    }
  }
  return 0;
}

// RFC 6901, 4: one step of a pointer.
std::optional<std::string> step_name(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
    } else if (++i < step.size() && (step[i] == '0' || step[i] == '1')) {
      out += step[i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return out;
}

const JsonNode* element_at(const JsonNode& array, const std::string& step) {
  const auto index = parse_u64(step);
  const bool plain = index && (step.size() == 1 || step.front() != '0');
  return plain && *index < array.elements.size() ? array.elements[*index] : nullptr;
}

class Compiler {
 public:
  explicit Compiler(const JsonNode& root) : root_(root) {
    const auto* draft = root.find("$schema");
    fourth_ = draft != nullptr && draft->text.find("draft-04") != std::string::npos;
  }

  Result<std::vector<SchemaRule>> run() {
    compile(root_, "the schema");
    if (problem_.empty()) {
      weigh_all();
    }
    return problem_.empty() ? Result<std::vector<SchemaRule>>(std::move(rules_))
                            : Result<std::vector<SchemaRule>>(invalid(problem_));
  }

 private:
  RuleIndex compile(const JsonNode& node, std::string_view where) {
    if (const auto known = indices_.find(&node); known != indices_.end()) {
      return known->second;
    }
    if (!problem_.empty()) {
      return kNoRule;
    }
    if (!node.is(Kind::kObject) && !node.is(Kind::kBool)) {
      problem_ =
          "it is no JSON Schema: " + std::string(where) + " has to be an object, or a boolean";
      return kNoRule;
    }
    const auto index = static_cast<RuleIndex>(rules_.size());
    indices_.emplace(&node, index);
    rules_.emplace_back();
    SchemaRule rule;
    if (node.is(Kind::kBool)) {
      rule.boolean = node.is_true();
    } else if (const auto* reference = node.find("$ref")) {
      rule.reference = follow(*reference);
      check_definitions(node);
    } else {
      fill(rule, node);
    }
    rules_[static_cast<std::size_t>(index)] = std::move(rule);
    return index;
  }

  void fill(SchemaRule& rule, const JsonNode& node) {
    check_refused(node);
    check_definitions(node);
    fill_general(rule, node);
    fill_numbers(rule, node);
    fill_counts(rule, node);
    fill_arrays(rule, node);
    fill_objects(rule, node);
    fill_combinations(rule, node);
  }

  void complain(std::string_view keyword, std::string_view expected) {
    if (problem_.empty()) {
      problem_ = "it is no JSON Schema: " + quote(keyword) + " has to be " + std::string(expected);
    }
  }

  void check_refused(const JsonNode& node) {
    for (const char* name : {"pattern", "patternProperties"}) {
      if (problem_.empty() && node.find(name) != nullptr) {
        problem_ = quote(name) + " is not supported";
      }
    }
    const auto* id = node.find(fourth_ ? "id" : "$id");
    if (problem_.empty() && id != nullptr && id->is(Kind::kString) && &node != &root_) {
      problem_ = quote(fourth_ ? "id" : "$id") + " inside of a schema is not supported";
    }
  }

  // What is only referred to is looked at all the same.
  void check_definitions(const JsonNode& node) {
    for (const char* name : {"definitions", "$defs"}) {
      const auto* all = node.find(name);
      if (all == nullptr) {
        continue;
      }
      if (!all->is(Kind::kObject)) {
        return complain(name, "an object of schemas");
      }
      for (const auto& [key, value] : all->members) {
        compile(*value, name);
      }
    }
  }

  RuleIndex follow(const JsonNode& reference) {
    const auto refuse = [this](std::string_view why) {
      if (problem_.empty()) {
        problem_ = why;
      }
      return kNoRule;
    };
    if (!reference.is(Kind::kString) || !reference.text.starts_with('#')) {
      return refuse("a reference has to begin with `#/`: nothing outside of the schema is read");
    }
    const auto pointer = percent_decode_strict(std::string_view(reference.text).substr(1));
    if (!pointer || (!pointer->empty() && pointer->front() != '/')) {
      return refuse("a reference has to begin with `#/`, and to name each step");
    }
    const JsonNode* target = &root_;
    std::string_view rest = *pointer;
    while (target != nullptr && !rest.empty()) {
      rest.remove_prefix(1);
      const auto size = std::min(rest.find('/'), rest.size());
      const auto step = step_name(rest.substr(0, size));
      rest.remove_prefix(size);
      const bool list = target->is(Kind::kArray);
      target = !step ? nullptr : (list ? element_at(*target, *step) : target->find(*step));
    }
    return target == nullptr ? refuse("a reference leads nowhere") : compile(*target, "`$ref`");
  }

  // ---- keywords
  // -----------------------------------------------------------------------------------

  void fill_general(SchemaRule& rule, const JsonNode& node) {
    if (const auto* type = node.find("type")) {
      std::vector<const JsonNode*> names = type->elements;
      if (type->is(Kind::kString)) {
        names.push_back(type);
      }
      for (const auto* name : names) {
        const auto known = type_named(name->text);
        rule.types |= known;
        if (known == 0) {
          complain("type", "the name of a type, or a list of such names");
        }
      }
      if (names.empty()) {
        complain("type", "the name of a type, or a list of such names");
      }
    }
    if (const auto* choices = node.find("enum")) {
      if (!choices->is(Kind::kArray)) {
        complain("enum", "a list");
      }
      rule.choices.emplace();
      for (const auto* choice : choices->elements) {
        rule.choices->push_back(canonical_json(*choice));
      }
      std::sort(rule.choices->begin(), rule.choices->end());
    }
    if (const auto* constant = node.find("const"); constant != nullptr && !fourth_) {
      rule.constant = canonical_json(*constant);
    }
    if (const auto* format = node.find("format")) {
      if (!format->is(Kind::kString)) {
        complain("format", "a text");
      }
      rule.format = find_format(format->text);
    }
  }

  const Decimal* number(const JsonNode& node, std::string_view keyword) {
    const auto* value = node.find(keyword);
    if (value == nullptr) {
      return nullptr;
    }
    if (!value->is(Kind::kNumber)) {
      complain(keyword, "a number");
      return nullptr;
    }
    return &value->number;
  }

  void fill_numbers(SchemaRule& rule, const JsonNode& node) {
    if (const auto* by = number(node, "multipleOf")) {
      if (by->is_zero() || by->negative || by->digits.size() > Decimal::kMostDivisor) {
        complain("multipleOf", "more than 0, with 18 digits at most");
      }
      rule.multiple_of = *by;
    }
    fill_limit(rule.least, node, "minimum", "exclusiveMinimum");
    fill_limit(rule.most, node, "maximum", "exclusiveMaximum");
  }

  // Draft 4 says by a boolean whether the limit itself is excluded.
  void fill_limit(std::vector<SchemaRule::Limit>& out, const JsonNode& node,
                  std::string_view inclusive, std::string_view exclusive) {
    const auto* other = node.find(exclusive);
    if (const auto* limit = number(node, inclusive)) {
      out.push_back({*limit, fourth_ && other != nullptr && other->is_true()});
    }
    if (fourth_) {
      if (other != nullptr && !other->is(Kind::kBool)) {
        complain(exclusive, "a boolean in draft 4");
      }
    } else if (const auto* limit = number(node, exclusive)) {
      out.push_back({*limit, true});
    }
  }

  void fill_counts(SchemaRule& rule, const JsonNode& node) {
    const std::array<std::pair<std::string_view, SchemaRule::Bound*>, 6> all{{
        {"minLength", &rule.min_length},
        {"maxLength", &rule.max_length},
        {"minItems", &rule.min_items},
        {"maxItems", &rule.max_items},
        {"minProperties", &rule.min_members},
        {"maxProperties", &rule.max_members},
    }};
    for (const auto& [keyword, bound] : all) {
      if (const auto* count = number(node, keyword)) {
        if (count->negative || !count->is_integer()) {
          complain(keyword, "a whole number that is not negative");
        }
        *bound = count->to_count();
      }
    }
  }

  RuleIndex child(const JsonNode& node, std::string_view keyword) {
    const auto* value = node.find(keyword);
    return value == nullptr ? kNoRule : compile(*value, quote(keyword));
  }

  std::vector<RuleIndex> children(const JsonNode& node, std::string_view keyword) {
    std::vector<RuleIndex> out;
    const auto* list = node.find(keyword);
    if (list == nullptr) {
      return out;
    }
    if (list->elements.empty()) {
      complain(keyword, "a list of schemas that is not empty");
    }
    for (const auto* element : list->elements) {
      out.push_back(compile(*element, quote(keyword)));
    }
    return out;
  }

  void fill_arrays(SchemaRule& rule, const JsonNode& node) {
    if (const auto* items = node.find("items"); items != nullptr && items->is(Kind::kArray)) {
      rule.has_tuple = true;
      for (const auto* element : items->elements) {
        rule.tuple.push_back(compile(*element, "`items`"));
      }
    } else {
      rule.items = child(node, "items");
    }
    rule.additional_items = child(node, "additionalItems");
    rule.contains = fourth_ ? kNoRule : child(node, "contains");
    if (const auto* unique = node.find("uniqueItems")) {
      if (!unique->is(Kind::kBool)) {
        complain("uniqueItems", "a boolean");
      }
      rule.unique = unique->is_true();
    }
  }

  std::vector<std::string> texts(const JsonNode& list, std::string_view keyword) {
    std::vector<std::string> out;
    if (!list.is(Kind::kArray)) {
      complain(keyword, "a list of names");
    }
    for (const auto* element : list.elements) {
      if (!element->is(Kind::kString)) {
        complain(keyword, "a list of names");
      }
      out.push_back(element->text);
    }
    return out;
  }

  void fill_objects(SchemaRule& rule, const JsonNode& node) {
    // Draft 3's boolean says nothing here.
    if (const auto* required = node.find("required")) {
      rule.required = texts(*required, "required");
    }
    if (const auto* properties = node.find("properties")) {
      if (!properties->is(Kind::kObject)) {
        complain("properties", "an object of schemas");
      }
      for (const auto& [name, value] : properties->members) {
        rule.properties.emplace_back(name, compile(*value, "each of `properties`"));
      }
    }
    rule.additional_properties = child(node, "additionalProperties");
    rule.property_names = fourth_ ? kNoRule : child(node, "propertyNames");
    if (const auto* all = node.find("dependencies")) {
      if (!all->is(Kind::kObject)) {
        complain("dependencies", "an object of schemas and lists of names");
      }
      for (const auto& [name, value] : all->members) {
        SchemaRule::Dependency dependency{name, {}, kNoRule};
        if (value->is(Kind::kArray)) {
          dependency.required = texts(*value, "dependencies");
        } else {
          dependency.rule = compile(*value, "each of `dependencies`");
        }
        rule.dependencies.push_back(std::move(dependency));
      }
    }
  }

  void fill_combinations(SchemaRule& rule, const JsonNode& node) {
    rule.all_of = children(node, "allOf");
    rule.any_of = children(node, "anyOf");
    rule.one_of = children(node, "oneOf");
    rule.not_rule = child(node, "not");
    if (!fourth_) {
      rule.if_rule = child(node, "if");
      rule.then_rule = child(node, "then");
      rule.else_rule = child(node, "else");
    }
  }

  // ---- what one value of the data costs
  // -----------------------------------------------------------

  struct Weight {
    enum class State { kNew, kOpen, kDone } state = State::kNew;
    std::size_t rules = 0;  // that look at the same value
    std::size_t depth = 0;  // in one another
  };

  static void for_each_in_place(const SchemaRule& rule,
                                const std::function<void(RuleIndex)>& visit) {
    for (const auto index :
         {rule.reference, rule.not_rule, rule.if_rule, rule.then_rule, rule.else_rule}) {
      if (index != kNoRule) {
        visit(index);
      }
    }
    for (const auto* list : {&rule.all_of, &rule.any_of, &rule.one_of}) {
      std::for_each(list->begin(), list->end(), visit);
    }
    for (const auto& dependency : rule.dependencies) {
      if (dependency.rule != kNoRule) {
        visit(dependency.rule);
      }
    }
  }

  void weigh_all() {
    std::vector<Weight> weights(rules_.size());
    for (std::size_t i = 0; i < rules_.size() && problem_.empty(); ++i) {
      weigh(static_cast<RuleIndex>(i), weights, 0);
    }
  }

  void weigh(RuleIndex index, std::vector<Weight>& weights, std::size_t depth) {
    auto& weight = weights[static_cast<std::size_t>(index)];
    if (weight.state == Weight::State::kDone || !problem_.empty()) {
      return;
    }
    if (weight.state == Weight::State::kOpen || depth > kMostSchemaDepth) {
      problem_ = kTooLarge;
      return;
    }
    weight.state = Weight::State::kOpen;
    weight.rules = 1;
    for_each_in_place(rules_[static_cast<std::size_t>(index)], [&](RuleIndex other) {
      weigh(other, weights, depth + 1);
      const auto& its = weights[static_cast<std::size_t>(other)];
      weight.rules = std::min(weight.rules + its.rules, kMostSchemaNodes + 1);
      weight.depth = std::max(weight.depth, its.depth + 1);
    });
    weight.state = Weight::State::kDone;
    if (weight.rules > kMostSchemaNodes || weight.depth > kMostSchemaDepth) {
      problem_ = kTooLarge;
    }
  }

  const JsonNode& root_;
  bool fourth_ = false;
  std::vector<SchemaRule> rules_;
  std::unordered_map<const JsonNode*, RuleIndex> indices_;
  std::string problem_;
};

}  // namespace

Result<std::vector<SchemaRule>> compile_schema(std::string_view text) {
  const auto tree = JsonTree::parse(text, {kMostSchemaNodes, kMostSchemaDepth});
  if (!tree) {
    return tree.error().kind == ErrorKind::kTooLarge
               ? invalid(std::string(kTooLarge) + ": " + tree.error().message)
               : tree.error();
  }
  return Compiler(tree->root()).run();
}

}  // namespace notify::worker
