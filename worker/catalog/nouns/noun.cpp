#include "worker/catalog/nouns/noun.hpp"

#include <algorithm>
#include <array>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using enum ColumnType;

constexpr std::array kClientColumns = {
    Column{"client_name", kText, Write::kCreateAndUpdate, true, 128},
};
constexpr std::array kChannelColumns = {
    Column{"name", kLower, Write::kCreateAndUpdate, true, 128},
    Column{"description", kText, Write::kCreateAndUpdate, false, 1024},
};
constexpr std::array kProviderColumns = {
    Column{"name", kText, Write::kCreateAndUpdate, true, 128},
    Column{"channel_id", kUuid, Write::kCreate, true, 0},
    Column{"config", kObject, Write::kCreateAndUpdate, true, 0},
};
constexpr std::array kReceiverColumns = {
    Column{"client_id", kUuid, Write::kCreate, true, 0},
    Column{"user_id", kText, Write::kCreate, true, 255},
    Column{"email", kText, Write::kCreateAndUpdate, false, 320},
    Column{"phone_number", kText, Write::kCreateAndUpdate, false, 64},
    Column{"meta_data", kObject, Write::kCreateAndUpdate, false, 0},
};
constexpr std::array kTemplateColumns = {
    Column{"channel_id", kUuid, Write::kCreate, true, 0},
    Column{"provider_id", kUuid, Write::kCreate, true, 0},
    Column{"template_ref_id", kText, Write::kCreateAndUpdate, true, 255},
    Column{"template_name", kText, Write::kCreateAndUpdate, true, 255},
    Column{"description", kText, Write::kCreateAndUpdate, false, 1024},
    Column{"meta_data", kObject, Write::kCreateAndUpdate, false, 0},
    Column{"schema", kObject, Write::kCreateAndUpdate, false, 0},
};
constexpr std::array kRequestColumns = {
    Column{"client_id", kUuid, Write::kCreate, true, 0},
    Column{"channel_id", kUuid, Write::kCreate, true, 0},
    Column{"provider_id", kUuid, Write::kCreate, false, 0},
    Column{"receiver_id", kUuid, Write::kCreate, true, 0},
    Column{"template_id", kUuid, Write::kCreate, false, 0},
    Column{"payload", kObject, Write::kCreate, true, 0},
    Column{"status", kText, Write::kNever, true, 0},
    Column{"error_message", kText, Write::kNever, false, 0},
    Column{"request_source", kText, Write::kCreate, false, 64},
    Column{"message_id", kText, Write::kNever, false, 0},
};

// Objects of JSON are kept whole; this is what one row may hold of them.
constexpr std::size_t kMostObject = 64 * 1024;

FieldRule rule_of(const Column& column, bool update) {
  FieldRule rule;
  rule.name = column.name;
  rule.type = column.type == kObject ? FieldType::kObject : FieldType::kString;
  rule.required = column.required && !update;
  rule.nullable = !column.required;
  rule.as_text = rule.type == FieldType::kString;
  if (column.type == kText || column.type == kLower) {
    rule.min = column.required ? 1 : 0;
    rule.max = column.most;
  }
  return rule;
}

FieldError body_error(const Column& column, std::string_view type, std::string message) {
  return {std::string(type),
          {"body", std::string(column.name)},
          std::nullopt,
          std::move(message),
          "null",
          {}};
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// Names stand in keys of Redis, in paths and in headers.
bool is_plain_name(std::string_view text) {
  return trim(text).size() == text.size() && !has_control(text) &&
         text.find_first_of(":/{}") == text.npos;
}

std::string most_bytes(std::size_t most) {
  return "String should have at most " + std::to_string(most) + " bytes";
}

std::optional<FieldError> check_text(const Noun& noun, const Column& column,
                                     std::string_view text) {
  if (column.name == "user_id") {
    return check_user_id(text);
  }
  if (text.find('\0') != text.npos) {
    return body_error(column, "value_error", "Value error, no text holds a NUL");
  }
  if (column.name == "client_name" && text.size() > kMostClientBytes) {
    return body_error(column, "string_too_long", most_bytes(kMostClientBytes));
  }
  if (column.type == kUuid && !is_uuid(text)) {
    return body_error(column, "uuid_parsing", "Input should be a valid UUID");
  }
  if (column.name == noun.title && (noun.table == "clients" || noun.table == "channels") &&
      !is_plain_name(text)) {
    return body_error(column, "value_error",
                      "Value error, a name has no blank at its ends and none of : / { }");
  }
  return std::nullopt;
}

NounValues read(const Noun& noun, std::string_view body, bool update) {
  std::vector<FieldRule> rules;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < noun.columns.size(); ++i) {
    const auto& column = noun.columns[i];
    if (column.write == Write::kCreateAndUpdate || (column.write == Write::kCreate && !update)) {
      rules.push_back(rule_of(column, update));
      columns.push_back(i);
    }
  }
  FieldRule active;
  active.name = "is_active";
  active.type = FieldType::kBoolean;
  active.required = false;
  if (update) {
    rules.push_back(active);
  }

  auto checked = validate(rules, {}, body);
  NounValues out;
  out.errors = checked.errors;
  out.values.resize(noun.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& column = noun.columns[columns[i]];
    const auto& value = checked.values[i];
    auto& taken = out.values[columns[i]];
    taken.given = value.present;
    // What is wrong counts as absent for the checks that follow.
    taken.null = !value.present || value.raw == "null" || has_fault(checked.errors, column.name);
    if (taken.null) {
      continue;
    }
    if (column.type == kObject) {
      json::append_compact(taken.text, value.raw);
      if (taken.text.size() > kMostObject) {
        out.errors.push_back(body_error(column, "too_long", "Object should have at most 64 kB"));
      }
      continue;
    }
    taken.text = column.type == kText ? value.text : to_lower(value.text);
    if (auto error = check_text(noun, column, taken.text)) {
      out.errors.push_back(std::move(*error));
    }
  }
  if (update && out.ok() && checked.values.back().present) {
    out.active = checked.values.back().raw == "true";
  }
  return out;
}

}  // namespace

constexpr Noun kClients{"client",     "clients", "client_name", "name_key",
                        kClientCodes, true,      kClientColumns};
constexpr Noun kChannels{"channel", "channels", "name", "", kChannelCodes, false, kChannelColumns};
constexpr Noun kProviders{"provider",     "providers", "name",          "name_key",
                          kProviderCodes, true,        kProviderColumns};
constexpr Noun kReceivers{"receiver",     "receivers", "user_id",       "",
                          kReceiverCodes, false,       kReceiverColumns};
constexpr Noun kTemplates{"template",     "templates", "template_name", "",
                          kTemplateCodes, false,       kTemplateColumns};
constexpr Noun kRequests{"request", "requests", "id", "", kRequestCodes, false, kRequestColumns};

const NounValues::Value& NounValues::of(const Noun& noun, std::string_view column) const {
  const auto found = std::find_if(noun.columns.begin(), noun.columns.end(),
                                  [column](const Column& c) { return c.name == column; });
  return values[static_cast<std::size_t>(found - noun.columns.begin())];
}

NounValues::Value& NounValues::of(const Noun& noun, std::string_view column) {
  return const_cast<Value&>(std::as_const(*this).of(noun, column));
}

std::optional<FieldError> check_user_id(std::string_view user_id) {
  const Column column{"user_id"};
  if (user_id.size() > kMostUserBytes) {
    return body_error(column, "string_too_long", most_bytes(kMostUserBytes));
  }
  return has_control(user_id)
             ? std::optional(body_error(column, "value_error",
                                        "Value error, no id holds a control character"))
             : std::nullopt;
}

NounValues read_create(const Noun& noun, std::string_view body) { return read(noun, body, false); }
NounValues read_update(const Noun& noun, std::string_view body) { return read(noun, body, true); }

}  // namespace notify::worker
