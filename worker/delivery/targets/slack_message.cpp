#include "worker/delivery/targets/slack_message.hpp"

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/delivery/targets/slack_text.hpp"

namespace notify::worker::slack {
namespace {

constexpr std::size_t kMostFallback = 1'000;

std::string_view color(std::string_view status) {
  if (status == "success") return "#2ECC71";
  if (status == "error") return "#E74C3C";
  if (status == "info") return "#3498DB";
  return "#CCCCCC";
}

void append_section(std::string& out, std::string_view text) {
  const auto shown = escape(text, kMostSection);
  if (trim(shown).empty()) {
    return;  // Slack refuses a text without a character
  }
  out += out.ends_with('[') ? "" : ",";
  out += R"({"type":"section","text":{"type":"mrkdwn","text":)";
  json::append_quoted(out, shown);
  out += "}}";
}

void append_button(std::string& out, std::string_view id) {
  out += R"(,{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text",)"
         R"("text":"Resolve"},"style":"primary","action_id":"resolve","value":)";
  json::append_quoted(out, shorten(id, kMostButtonValue));
  out += "}]}";
}

void append_context(std::string& out, std::string_view text) {
  out += R"(,{"type":"context","elements":[{"type":"mrkdwn","text":)";
  json::append_quoted(out, text);
  out += "}]}";
}

// At most four blocks.
std::string attachment(const Notification& notification, std::string_view shown_as,
                       std::string_view last_block) {
  std::string out;
  if (!trim(notification.recipient).empty()) {
    out += R"("text":)";
    json::append_quoted(out, mention(notification.recipient));
    out += ',';
  }
  out += R"("attachments":[{"color":")";
  out += color(shown_as);
  out += R"(","fallback":)";
  json::append_quoted(out, escape(notification.main_text, kMostFallback));
  out += R"(,"blocks":[)";
  append_section(out, notification.main_text);
  append_section(out, notification.sub_text);
  out += last_block;
  out += "]}]";
  return out;
}

}  // namespace

std::string_view field_of(const Entry& entry, std::string_view name) {
  const auto* value = entry.find(name);
  return value == nullptr ? std::string_view{} : std::string_view(*value);
}

Result<Notification> read_notification(const Entry& entry, std::string id) {
  Notification notification{field_of(entry, "template"), field_of(entry, "main_text"),
                            field_of(entry, "sub_text"), field_of(entry, "recipient"),
                            field_of(entry, "status"),   std::move(id)};
  if (notification.template_name != "text" && notification.template_name != "action") {
    return invalid("the entry's template is neither `text` nor `action`");
  }
  if (trim(notification.main_text).empty() && trim(notification.sub_text).empty()) {
    return invalid("the entry has neither `main_text` nor `sub_text`");
  }
  return notification;
}

std::string notification_body(const Notification& notification) {
  std::string button;
  if (notification.template_name == "action") {
    append_button(button, notification.id);
  }
  return attachment(notification, notification.status, button);
}

std::string resolved_body(const Notification& notification, std::string_view user) {
  std::string by;
  append_context(by, "Resolved by " + mention(user));
  return attachment(notification, "success", by);
}

std::string reminder_body(const Notification& notification, std::string_view number) {
  std::string text;
  if (const auto whom = trim(notification.recipient); !whom.empty()) {
    text = mention(whom) + " ";
  }
  text += "Reminder " + escape(number, 20) + ", not resolved yet: ";
  const auto main = trim(notification.main_text);
  text += escape(main.empty() ? notification.sub_text : main, kMostSection);
  return R"("text":)" + json::quoted(text);
}

std::string message_body(std::string_view message) {
  return R"("text":)" + json::quoted(shorten(message, kMostText));
}

}  // namespace notify::worker::slack
