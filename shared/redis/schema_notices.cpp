#include "shared/redis/schema_notices.hpp"

namespace notify::redis {

std::string notification_id(const EntryId& id) {
  auto text = format_entry_id(id);
  if (text.ends_with("-0")) {
    text.resize(text.size() - 2);
  }
  return text;
}

std::string pending_notifications(std::string_view environment) {
  return "pending_notifications:" + std::string(environment);
}

std::string notices_stream(std::string_view stream) { return side_key(stream, "notices"); }

}  // namespace notify::redis
