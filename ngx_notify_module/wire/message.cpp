#include "ngx_notify_module/wire/message.hpp"

#include "ngx_notify_module/websocket/frame.hpp"
#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"

namespace notify::message {
namespace {

std::string beginning(std::string_view id) {
  return id.empty() ? "{" : "{\"id\":" + json::quoted(id) + ",";
}

std::string rest_of(const Event& event) {
  std::string out;
  if (!event.name.empty()) {
    out.append("\"event\":").append(json::quoted(event.name)).push_back(',');
  }
  out.append("\"data\":");
  if (const Result<json::Value> value = json::parse_value(event.data)) {
    out.append(value->raw);
  } else {
    json::append_quoted(out, event.data);
  }
  out.push_back('}');
  return out;
}

}  // namespace

std::string frame(Shape shape, const Event& event) {
  return websocket::frame(websocket::Opcode::kText, shape == Shape::kEnvelope
                                                        ? beginning(event.id) + rest_of(event)
                                                        : to_valid_utf8(event.data));
}

std::string open_frame(Shape shape, const Event& event) {
  return shape == Shape::kEnvelope && !event.id.empty() ? rest_of(event) : frame(shape, event);
}

void append_beginning(std::string& out, std::string_view id, std::size_t rest) {
  const std::string first = beginning(id);
  websocket::append_head(out, websocket::Opcode::kText, first.size() + rest);
  out.append(first);
}

// The first byte of a frame is none of a text; an open one begins with the name of a member.
bool is_complete(std::string_view frame) { return frame.empty() || frame[0] != '"'; }

}  // namespace notify::message
