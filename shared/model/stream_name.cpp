#include "shared/model/stream_name.hpp"

#include <string>

#include "shared/base/utf8.hpp"

namespace notify {
namespace {

bool has_control(std::string_view name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<void> check_name(std::string_view noun, std::string_view name) {
  std::string reason;
  if (name.empty()) {
    reason = "it is empty";
  } else if (name.size() > kMaxNameBytes) {
    reason = "it is longer than " + std::to_string(kMaxNameBytes) + " bytes";
  } else if (!is_utf8(name)) {
    reason = "it is not UTF-8";
  } else if (has_control(name)) {
    reason = "it holds a control character";
  } else {
    return {};
  }
  return invalid("Invalid " + std::string(noun) + ": " + reason);
}

Result<void> check_stream_name(std::string_view name) { return check_name("stream name", name); }

Result<void> check_group_name(std::string_view name) { return check_name("group name", name); }

Result<void> check_consumer_name(std::string_view name) {
  return check_name("consumer name", name);
}

}  // namespace notify
