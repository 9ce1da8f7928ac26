#include "worker/catalog/send/notification.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/model/entry_id.hpp"
#include "worker/catalog/nouns/noun.hpp"

namespace notify::worker {
namespace {

using Errors = std::vector<FieldError>;
using Place = std::vector<std::string>;

FieldRule rule(std::string_view name, FieldType type, bool required) {
  FieldRule out;
  out.name = name;
  out.type = type;
  out.required = required;
  out.nullable = !required;
  return out;
}

FieldRule choice(std::string_view name, std::vector<std::string> choices) {
  auto out = rule(name, FieldType::kString, true);
  out.choices = std::move(choices);
  return out;
}

FieldRule name_rule(std::string_view name, bool required, int most) {
  auto out = rule(name, FieldType::kString, required);
  out.as_text = true;
  out.min = 1;
  out.max = most;
  return out;
}

FieldRule count_rule(std::string_view name, int most) {
  auto out = rule(name, FieldType::kArray, false);
  out.max = most;
  return out;
}

constexpr int kMostActions = 20;
constexpr int kMostMetadata = 100;

// The rules of an object within the body; what is wrong has the place in front.
Validated check_object(const std::vector<FieldRule>& rules, std::string_view raw,
                       const Place& place, Errors& errors) {
  auto checked = validate(rules, {}, raw);
  for (auto error : checked.errors) {
    auto loc = place;
    loc.insert(loc.end(), error.loc.begin() + 1, error.loc.end());
    error.loc = std::move(loc);
    errors.push_back(std::move(error));
  }
  return checked;
}

// The members that came and that there are rules for, the first `count` of them. What is spelled in
// another way (`"yes"` for true) is written as what it means.
std::string object_of(const std::vector<FieldRule>& rules, const Validated& checked,
                      std::size_t count) {
  std::string out = "{";
  for (std::size_t i = 0; i < count; ++i) {
    if (checked.values[i].present) {
      out += out.size() == 1 ? "\"" : ",\"";
      out += rules[i].name;
      out += "\":";
      json::append_compact(out, checked.values[i].raw);
    }
  }
  return out + "}";
}

void add_error(Errors& errors, const Place& place, std::string_view member, std::string_view type,
               std::string_view message) {
  auto loc = place;
  if (!member.empty()) {
    loc.emplace_back(member);
  }
  errors.push_back(
      {std::string(type), std::move(loc), std::nullopt, std::string(message), "null", {}});
}

bool is_color(std::string_view text) {
  const bool sized = text.size() == 4 || text.size() == 7;
  return sized && text[0] == '#' && is_hex(text.substr(1));
}

void check_color(const FieldValue& value, const Place& place, Errors& errors) {
  if (!is_color(value.text)) {
    add_error(errors, place, "color_code", "string_pattern_mismatch",
              "String should match pattern '^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$'");
  }
}

bool given(const FieldValue& value) { return value.present && value.raw != "null"; }

void read_redirection(FieldValue& value, Errors& errors) {
  auto in_new_tab = rule("open_in_new_tab", FieldType::kBoolean, false);
  in_new_tab.nullable = false;
  const std::vector<FieldRule> rules = {choice("type", {"internal", "external"}),
                                        rule("url", FieldType::kString, true), in_new_tab};
  const auto checked = check_object(rules, value.raw, {"body", "redirection"}, errors);
  if (checked.ok()) {
    value.raw = object_of(rules, checked, rules.size());
  }
}

void read_actions(FieldValue& value, Errors& errors) {
  const std::vector<FieldRule> rules = {
      rule("label", FieldType::kString, true),
      choice("action", {"open_url", "dismiss", "mark_read", "retry", "copy_to_clipboard",
                        "trigger_event", "launch_modal", "download_file", "api_call"}),
      rule("color_code", FieldType::kString, true),
      rule("url", FieldType::kString, false),
      rule("data", FieldType::kObject, false),
  };
  const std::vector<FieldRule> rules_of_data = {rule("value", FieldType::kAny, true)};
  const auto parsed = json::parse_value(value.raw);
  const auto elements =
      parsed ? json::elements(*parsed) : Result<std::vector<json::Value>>(parsed.error());
  std::string out = "[";
  for (std::size_t i = 0; elements && i < elements->size(); ++i) {
    const Place place{"body", "actions", std::to_string(i)};
    auto checked = check_object(rules, (*elements)[i].raw, place, errors);
    if (!has_fault(checked.errors, "color_code")) {
      check_color(checked.values[2], place, errors);
    }
    if (auto& data = checked.values[4]; given(data) && !has_fault(checked.errors, "data")) {
      auto inner = place;
      inner.emplace_back("data");
      const auto checked_data = check_object(rules_of_data, data.raw, inner, errors);
      if (checked_data.ok()) {
        data.raw = object_of(rules_of_data, checked_data, rules_of_data.size());
      }
    }
    out += (i == 0 ? "" : ",") + object_of(rules, checked, rules.size());
  }
  value.raw = out + "]";
}

void check_metadata(std::string_view raw, Errors& errors) {
  const auto parsed = json::parse_value(raw);
  const auto members =
      parsed ? json::members(*parsed) : Result<std::vector<json::Member>>(parsed.error());
  if (members && members->size() > kMostMetadata) {
    return add_error(errors, {"body", "metadata"}, "", "too_long",
                     "Dictionary should have at most 100 items after validation");
  }
  for (std::size_t i = 0; members && i < members->size(); ++i) {
    if (!(*members)[i].value.is_string()) {
      add_error(errors, {"body", "metadata"}, (*members)[i].name, "string_type",
                "Input should be a valid string");
    }
  }
}

void check_user(std::string_view user, Errors& errors) {
  if (auto error = check_user_id(user)) {
    errors.push_back(std::move(*error));
  }
}

void check_name(const std::string& name, std::string_view member, Errors& errors) {
  if (name.find('\0') != std::string::npos) {
    add_error(errors, {"body"}, member, "value_error", "Value error, no name holds a NUL");
  }
}

enum Member {
  kUserId,
  kType,
  kColor,
  kTitle,
  kMessage,
  kTimeout,
  kSticky,
  kIcon,
  kRedirection,
  kActions,
  kMetadata,
  kOfNotification,  // those before are what the user is given
  kChannel = kOfNotification,
  kTemplateId,
  kTemplateRef,
  kData,
};

std::vector<FieldRule> send_rules() {
  return {
      name_rule("user_id", true, 255),
      choice("type", {"success", "error", "warning", "info"}),
      rule("color_code", FieldType::kString, true),
      rule("title", FieldType::kString, true),
      rule("message", FieldType::kString, true),
      rule("timeout", FieldType::kInteger, true),
      rule("is_sticky", FieldType::kBoolean, true),
      rule("icon_url", FieldType::kString, false),
      rule("redirection", FieldType::kObject, false),
      count_rule("actions", kMostActions),
      rule("metadata", FieldType::kObject, false),
      name_rule("channel", false, 128),
      name_rule("template_id", false, 36),
      name_rule("template_ref_id", false, 255),
      rule("data", FieldType::kObject, false),
  };
}

}  // namespace

Notification read_notification(std::string_view body) {
  const auto rules = send_rules();
  auto checked = validate(rules, {}, body);
  Notification out;
  auto& values = checked.values;
  const auto usable = [&](Member member) {
    return given(values[member]) && !has_fault(checked.errors, rules[member].name);
  };
  out.errors = checked.errors;
  if (usable(kUserId)) {
    out.user_id = values[kUserId].text;
    check_user(out.user_id, out.errors);
  }
  if (usable(kColor)) {
    check_color(values[kColor], {"body"}, out.errors);
  }
  if (usable(kRedirection)) {
    read_redirection(values[kRedirection], out.errors);
  }
  if (usable(kActions)) {
    read_actions(values[kActions], out.errors);
  }
  if (usable(kMetadata)) {
    check_metadata(values[kMetadata].raw, out.errors);
  }
  if (usable(kChannel)) {
    out.channel = to_lower(values[kChannel].text);
    check_name(out.channel, "channel", out.errors);
  }
  if (usable(kTemplateId)) {
    out.template_id = to_lower(values[kTemplateId].text);
    if (!is_uuid(out.template_id)) {
      add_error(out.errors, {"body"}, "template_id", "uuid_parsing",
                "Input should be a valid UUID");
    }
  }
  if (usable(kTemplateRef)) {
    out.template_ref_id = values[kTemplateRef].text;
    check_name(out.template_ref_id, "template_ref_id", out.errors);
  }
  if (usable(kData)) {
    out.data = values[kData].raw;
  }
  if (out.ok()) {
    out.payload = object_of(rules, checked, kOfNotification);
  }
  return out;
}

Acknowledgement read_acknowledgement(std::string_view body) {
  auto ids = rule("message_ids", FieldType::kArray, true);
  ids.max = Acknowledgement::kMostIds;
  auto checked = validate(std::array{name_rule("user_id", true, 255), ids}, {}, body);
  Acknowledgement out;
  out.errors = checked.errors;
  if (!has_fault(checked.errors, "user_id")) {
    out.user_id = checked.values[0].text;
    check_user(out.user_id, out.errors);
  }
  if (has_fault(checked.errors, "message_ids")) {
    return out;
  }
  const auto parsed = json::parse_value(checked.values[1].raw);
  const auto elements =
      parsed ? json::elements(*parsed) : Result<std::vector<json::Value>>(parsed.error());
  for (std::size_t i = 0; elements && i < elements->size(); ++i) {
    const auto& element = (*elements)[i];
    if (!element.is_string()) {
      add_error(out.errors, {"body", "message_ids"}, std::to_string(i), "string_type",
                "Input should be a valid string");
      continue;
    }
    if (const auto id = parse_entry_id(json::unquote(element))) {
      out.message_ids.push_back(format_entry_id(*id));
    }
  }
  return out;
}

TokenOrder read_token_order(std::string_view body, std::uint64_t usual_seconds,
                            std::uint64_t most_seconds) {
  auto ttl = rule("ttl", FieldType::kInteger, false);
  ttl.default_json = std::to_string(usual_seconds);
  ttl.min = 1;
  ttl.max = most_seconds;
  auto checked = validate(std::array{name_rule("user_id", true, 255), ttl}, {}, body);
  TokenOrder out;
  out.errors = std::move(checked.errors);
  if (out.ok()) {
    out.user_id = checked.values[0].text;
    out.seconds = parse_u64(checked.values[1].raw).value_or(usual_seconds);
    check_user(out.user_id, out.errors);
  }
  return out;
}

}  // namespace notify::worker
