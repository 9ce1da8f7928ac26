#pragma once

// The bodies that go to Slack. Each answers the members of a JSON object without its braces, so
// that `channel`, `ts` and the like can be set before them.

#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/model/entry.hpp"

namespace notify::worker::slack {

// One of the two templates:
//
//   text     a section for `main_text`, one for `sub_text` if there is any
//   action   the same, and a button (`action_id` resolve, value = the notification's id)
//
// They stand in an attachment whose colour says the `status`: success #2ECC71, error #E74C3C, info
// #3498DB, anything else #CCCCCC. A `recipient` is named above it.
struct Notification {
  std::string_view template_name;
  std::string_view main_text;
  std::string_view sub_text;
  std::string_view recipient;
  std::string_view status;
  std::string id;
};

std::string_view field_of(const Entry& entry, std::string_view name);  // empty where it is absent

// kInvalid: can never be sent (an unknown template, no text).
Result<Notification> read_notification(const Entry& entry, std::string id);

std::string notification_body(const Notification& notification);
// The same after somebody has resolved it: no button, but who did it.
std::string resolved_body(const Notification& notification, std::string_view user);
// In the thread of the notification, or where there is none as a message of its own.
std::string reminder_body(const Notification& notification, std::string_view number);
// An entry with the field `message`, which may hold Slack's own markup.
std::string message_body(std::string_view message);

}  // namespace notify::worker::slack
