#include "ngx_notify_module/wire/sse.hpp"

#include "shared/base/json.hpp"

namespace notify::sse {
namespace {

// One line for each line of `text`: CR LF, LF and CR all end one, as a browser reads them.
void append_lines(std::string& out, std::string_view field, std::string_view text) {
  for (;;) {
    const std::size_t end = text.find_first_of("\r\n");
    out.append(field).append(text.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) {
      return;
    }
    const bool both = text.substr(end, 2) == "\r\n";
    text.remove_prefix(end + (both ? 2 : 1));
  }
}

void append_line(std::string& out, std::string_view field, std::string_view text) {
  if (text.empty()) {
    return;
  }
  out.append(field);
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') {
      out.push_back(c);
    }
  }
  out.push_back('\n');
}

void append_retry(std::string& out, std::uint64_t ms) {
  out.append("retry: ").append(std::to_string(ms)).push_back('\n');
}

}  // namespace

void append_event(std::string& out, std::string_view data, std::string_view name,
                  std::string_view id) {
  append_open_event(out, data, name);
  append_id(out, id);
}

void append_open_event(std::string& out, std::string_view data, std::string_view name) {
  append_lines(out, "data: ", data);
  append_line(out, "event: ", name);
}

void append_id(std::string& out, std::string_view id) {
  append_line(out, "id: ", id);
  out.push_back('\n');
}

bool is_complete(std::string_view frame) { return frame.empty() || frame.ends_with("\n\n"); }

std::string bare_id(std::string_view id) {
  std::string out;
  append_id(out, id);
  return out;
}

std::string opening(std::optional<std::uint64_t> retry_ms, std::string_view name,
                    std::string_view data) {
  std::string out;
  if (retry_ms) {
    append_retry(out, *retry_ms);
  }
  if (!name.empty() || !data.empty()) {
    append_line(out, "event: ", name);
    append_lines(out, "data: ", data);
  }
  if (!out.empty()) {
    out.push_back('\n');
  }
  return out;
}

std::string retry(std::uint64_t ms) {
  std::string out;
  append_retry(out, ms);
  out.push_back('\n');
  return out;
}

std::string comment(std::string_view text) { return comment_line(text) + "\n"; }

std::string comment_line(std::string_view text) {
  std::string out;
  append_lines(out, text.empty() ? ":" : ": ", text);
  return out;
}

std::string expired(std::string_view what) {
  std::string out;
  append_event(out, "{\"reason\":\"" + std::string(what) + "\"}", "expired", "");
  return out;
}

std::string gap_data(std::string_view stream, std::string_view reason, std::optional<EntryId> after,
                     std::optional<EntryId> position) {
  std::string data = "{\"stream\":";
  json::append_quoted(data, stream);
  data.append(",\"reason\":");
  json::append_quoted(data, reason);
  data.append(",\"after\":");
  if (after) {
    data.append("\"").append(format_event_id(*after)).append("\"");
  } else {
    data.append("null");
  }
  if (position) {
    data.append(",\"id\":\"").append(format_event_id(*position)).append("\"");
  }
  data.push_back('}');
  return data;
}

std::string gap(std::string_view stream, std::string_view reason, std::optional<EntryId> after,
                std::optional<EntryId> position) {
  std::string out;
  append_event(out, gap_data(stream, reason, after, position), "gap",
               position ? format_event_id(*position) : std::string());
  return out;
}

}  // namespace notify::sse
