#include "worker/catalog/template_schema.hpp"

// valijson ends the process where it may not throw.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/rapidjson_adapter.hpp>  // before rapidjson itself

#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <exception>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostErrors = 20;
constexpr std::size_t kMostUniqueItems = 1'000;  // each is compared with each
constexpr std::size_t kMostFormatText = 4'096;   // `format` uses regular expressions, too

using rapidjson::Value;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Where a reference leads, as a JSON pointer. Only what the library takes for the same place: it
// skips empty names, ends one at a NUL, and decodes what is encoded last. Unlike rapidjson it knows
// that
// `$` need not be encoded.
std::optional<std::string> pointer_of(std::string_view reference) {
  if (!reference.starts_with('#')) {
    return std::nullopt;
  }
  auto pointer = percent_decode_strict(reference.substr(1));
  const auto differ = [&](char c) {
    return std::count(pointer->begin(), pointer->end(), c) !=
           std::count(reference.begin(), reference.end(), c);
  };
  if (!pointer || pointer->find('\0') != std::string::npos ||
      pointer->find("//") != std::string::npos || pointer->ends_with('/') || differ('/') ||
      differ('~')) {
    return std::nullopt;
  }
  return pointer;
}

// Walks all that a schema says, through its references.
class SchemaWalk {
 public:
  explicit SchemaWalk(const rapidjson::Document& root) : root_(root) {}

  std::optional<std::string> check() {
    visit(root_, 0, true);
    return problem_;
  }
  [[nodiscard]] bool has_format() const { return has_format_; }
  [[nodiscard]] bool has_unique() const { return has_unique_; }

 private:
  // `keywords`: the names of this object's members are the schema's, not those of properties.
  void visit(const Value& node, std::size_t depth, bool keywords) {
    if (!enter(depth)) {
      return;
    }
    if (node.IsArray()) {
      for (const auto& element : node.GetArray()) {
        visit(element, depth + 1, true);
      }
    }
    if (!node.IsObject()) {
      return;
    }
    for (const auto& member : node.GetObject()) {
      const auto name = text_of(member.name);
      if (keywords && (name == "default" || name == "examples")) {
        continue;
      }
      if (keywords && (name == "enum" || name == "const")) {
        count(member.value, depth + 1);
        continue;
      }
      if (keywords && !look_at(name, member.value, depth)) {
        return;
      }
      const bool names = keywords && (name == "properties" || name == "definitions" ||
                                      name == "$defs" || name == "dependencies");
      visit(member.value, depth + 1, !names);
    }
  }

  // Values that data is compared with.
  void count(const Value& value, std::size_t depth) {
    if (!enter(depth)) {
      return;
    }
    if (value.IsArray()) {
      for (const auto& element : value.GetArray()) {
        count(element, depth + 1);
      }
    } else if (value.IsObject()) {
      for (const auto& member : value.GetObject()) {
        count(member.value, depth + 1);
      }
    }
  }

  bool enter(std::size_t depth) {
    if (!problem_ && (++nodes_ > kMostSchemaNodes || depth > kMostDepth)) {
      problem_ = "the schema is too large, too deep, or refers to itself";
    }
    return !problem_;
  }

  bool look_at(std::string_view name, const Value& value, std::size_t depth) {
    if (name == "pattern" || name == "patternProperties") {
      problem_ = "`" + std::string(name) + "` is not supported";
    } else if (name == "multipleOf" && !(value.IsNumber() && value.GetDouble() > 0)) {
      problem_ = "`multipleOf` has to be more than 0";  // the library divides by it
    } else if (name == "format") {
      has_format_ = true;
    } else if (name == "uniqueItems") {
      has_unique_ = true;
    } else if (name == "$ref") {
      follow(value, depth);
    } else if ((name == "$id" || name == "id") && value.IsString() && depth > 0) {
      problem_ = "`" + std::string(name) + "` inside of a schema is not supported";
    }
    return !problem_;
  }

  void follow(const Value& reference, std::size_t depth) {
    const auto path = reference.IsString() ? pointer_of(text_of(reference)) : std::nullopt;
    if (!path) {
      problem_ = "a reference has to begin with `#/`, and to name each step";
      return;
    }
    const rapidjson::Pointer pointer(path->data(), path->size());
    const auto* target = pointer.IsValid() ? pointer.Get(root_) : nullptr;
    if (target == nullptr) {
      problem_ = "a reference leads nowhere";
      return;
    }
    visit(*target, depth + 1, true);
  }

  const rapidjson::Document& root_;
  std::size_t nodes_ = 0;
  bool has_format_ = false;
  bool has_unique_ = false;
  std::optional<std::string> problem_;
};

// rapidjson is lenient about nothing that ours accepts, but numbers beyond a double's range.
std::optional<std::string> parse(std::string_view text, rapidjson::Document& document) {
  if (!json::valid(text)) {
    return "it is no JSON";
  }
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag>(text.data(),
                                                                                      text.size());
  return document.HasParseError()
             ? std::optional<std::string>("a number or text in it cannot be used")
             : std::nullopt;
}

// Drafts 6 and 7 read what draft 4 says, but for a few keywords.
valijson::SchemaParser::Version version_of(const Value& schema) {
  const auto* draft = rapidjson::Pointer("/$schema").Get(schema);
  const bool fourth = draft != nullptr && draft->IsString() &&
                      text_of(*draft).find("draft-04") != std::string::npos;
  return fourth ? valijson::SchemaParser::kDraft4 : valijson::SchemaParser::kDraft7;
}

struct Bounds {
  bool has_format = false;
  bool has_unique = false;
};

std::optional<std::string> read_schema(std::string_view text, rapidjson::Document& document,
                                       valijson::Schema& schema, Bounds& bounds) {
  if (auto problem = parse(text, document)) {
    return problem;
  }
  SchemaWalk walk(document);
  if (auto problem = walk.check()) {
    return problem;
  }
  bounds = {walk.has_format(), walk.has_unique()};
  try {
    valijson::SchemaParser parser(version_of(document));
    const valijson::adapters::RapidJsonAdapter adapter(document);
    parser.populateSchema(adapter, schema);
  } catch (const std::exception&) {
    return "it is no JSON Schema";
  }
  return std::nullopt;
}

struct DataSize {
  std::size_t nodes = 0;
  std::size_t deepest = 0;
  std::size_t longest = 0;
  std::size_t longest_list = 0;

  void add(const Value& value, std::size_t depth) {
    deepest = std::max(deepest, depth);
    if (++nodes > kMostDataNodes || depth > kMostDepth) {
      return;
    }
    if (value.IsString()) {
      longest = std::max<std::size_t>(longest, value.GetStringLength());
    } else if (value.IsArray()) {
      longest_list = std::max<std::size_t>(longest_list, value.Size());
      for (const auto& element : value.GetArray()) {
        add(element, depth + 1);
      }
    } else if (value.IsObject()) {
      for (const auto& member : value.GetObject()) {
        add(member.value, depth + 1);
      }
    }
  }
};

FieldError data_error(std::string_view type, std::string message) {
  return {std::string(type), {"body", "data"}, std::nullopt, std::move(message), "null", {}};
}

// valijson's context is "<root>", then "[name]" or "[number]" for each level.
std::vector<std::string> place_of(const std::vector<std::string>& context) {
  std::vector<std::string> out{"body", "data"};
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.starts_with('[') && part.ends_with(']')) {
      part = part.substr(1, part.size() - 2);
    }
    if (part.size() >= 2 && part.starts_with('"') && part.ends_with('"')) {
      part = part.substr(1, part.size() - 2);
    }
    out.emplace_back(part);
  }
  return out;
}

}  // namespace

std::optional<std::string> check_schema(std::string_view text) {
  rapidjson::Document document;
  valijson::Schema schema;
  Bounds bounds;
  return read_schema(text, document, schema, bounds);
}

std::vector<FieldError> validate_data(std::string_view schema_text, std::string_view data_text) {
  rapidjson::Document schema_document;
  valijson::Schema schema;
  Bounds bounds;
  if (auto problem = read_schema(schema_text, schema_document, schema, bounds)) {
    return {data_error("schema_error", "The template's schema cannot be used: " + *problem)};
  }
  rapidjson::Document data;
  if (auto problem = parse(data_text, data)) {
    return {data_error("value_error", "Value error, " + *problem)};
  }
  DataSize size;
  size.add(data, 0);
  if (size.nodes > kMostDataNodes || size.deepest > kMostDepth ||
      (bounds.has_format && size.longest > kMostFormatText) ||
      (bounds.has_unique && size.longest_list > kMostUniqueItems)) {
    return {data_error("too_long", "The data is too large to be validated")};
  }
  std::vector<FieldError> errors;
  try {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::RapidJsonAdapter adapter(data);
    if (validator.validate(schema, adapter, &results)) {
      return {};
    }
    valijson::ValidationResults::Error error;
    while (errors.size() < kMostErrors && results.popError(error)) {
      errors.push_back({"schema_error",
                        place_of(error.context),
                        std::nullopt,
                        to_valid_utf8(error.description),
                        "null",
                        {}});
    }
  } catch (const std::exception&) {
    errors.clear();
  }
  if (errors.empty()) {
    errors.push_back(data_error("schema_error", "The data does not fit the template's schema"));
  }
  return errors;
}

}  // namespace notify::worker
