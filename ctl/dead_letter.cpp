#include "ctl/dead_letter.hpp"

#include <array>

#include "ctl/entry_text.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/model/request_id.hpp"
#include "shared/redis/schema.hpp"

namespace notify::ctl {
namespace {

constexpr std::array<std::string_view, 5> kOwnFields = {
    "notify-id", "notify-group", "notify-reason", "notify-attempts", "notify-at"};

bool has_own_fields(const Entry& entry) {
  if (entry.fields.size() < kOwnFields.size()) {
    return false;
  }
  for (std::size_t i = 0; i < kOwnFields.size(); ++i) {
    if (entry.fields[i].first != kOwnFields[i]) {
      return false;
    }
  }
  return parse_entry_id(entry.fields[0].second).has_value();
}

std::string word(const std::string& text) { return text.empty() ? "-" : shell_word(text); }

// A time of ours holds nothing that needs quotes but its blanks; what else stands there may.
std::string when(const DeadLetter& letter) {
  const auto ms = parse_i64(letter.at);
  return ms ? time_text(*ms) : word(letter.at);
}

std::string original_id(const DeadLetter& letter) {
  return letter.original.id.is_zero() ? "-" : format_entry_id(letter.original.id);
}

void append_row(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::size_t kColumn = 10;
  out.append(name).append(kColumn - name.size(), ' ').append(value).append("\n");
}

}  // namespace

DeadLetter parse_dead_letter(const Entry& entry) {
  DeadLetter letter;
  letter.id = entry.id;
  letter.original.fields = entry.fields;
  if (!has_own_fields(entry)) {
    return letter;
  }
  auto& fields = letter.original.fields;
  letter.original.id = *parse_entry_id(fields[0].second);
  letter.group = fields[1].second;
  letter.reason = fields[2].second;
  letter.attempts = fields[3].second;
  letter.at = fields[4].second;
  fields.erase(fields.begin(), fields.begin() + kOwnFields.size());
  const auto* request = letter.original.find(redis::kRequestField);
  if (request != nullptr && is_request_id(*request)) {
    letter.request = *request;
  }
  return letter;
}

std::string dead_line(const DeadLetter& letter) {
  return format_entry_id(letter.id) + "  " + original_id(letter) + "  " + when(letter) +
         "  attempts=" + word(letter.attempts) + " group=" + word(letter.group) +
         " request=" + word(letter.request) + " reason=" + word(letter.reason);
}

std::string dead_page(const DeadLetter& letter) {
  std::string out;
  append_row(out, "dead id", format_entry_id(letter.id));
  append_row(out, "id", original_id(letter));
  append_row(out, "group", word(letter.group));
  append_row(out, "reason", word(letter.reason));
  append_row(out, "attempts", word(letter.attempts));
  append_row(out, "at", when(letter));
  append_row(out, "request", word(letter.request));
  out += "fields\n";
  for (const auto& [field, value] : letter.original.fields) {
    out += "  " + shell_word(field) + "=" + (value.empty() ? "" : shell_word(value)) + "\n";
  }
  return out;
}

std::string dead_json(const DeadLetter& letter) {
  std::string out = "{\"dead_id\":\"" + format_entry_id(letter.id) + "\"";
  const auto member = [&out](std::string_view name, std::string_view value) {
    out.append(",\"").append(name).append("\":");
    json::append_quoted(out, value);
  };
  member("group", letter.group);
  member("reason", letter.reason);
  member("attempts", letter.attempts);
  member("at", parse_i64(letter.at) ? when(letter) : letter.at);
  member("request", letter.request);
  return out + ",\"entry\":" + entry_json(letter.original) + "}";
}

}  // namespace notify::ctl
