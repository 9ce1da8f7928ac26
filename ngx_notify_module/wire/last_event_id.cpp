#include "ngx_notify_module/wire/last_event_id.hpp"

#include <string>
#include <utility>

#include "shared/base/text.hpp"

namespace notify {
namespace {

LastEventId understand(std::string_view text) {
  if (const std::optional<EntryId> id = parse_event_id(text)) {
    return {LastEventId::Kind::kKnown, *id, {}};
  }
  if (auto places = parse_composite_id(text)) {
    return {LastEventId::Kind::kSeveral, {}, std::move(*places)};
  }
  return {LastEventId::Kind::kUnknown, {}, {}};
}

}  // namespace

LastEventId parse_last_event_id(std::optional<std::string_view> header, std::string_view query) {
  const std::string_view stated = trim(header.value_or(""));
  if (!stated.empty()) {
    return understand(stated);
  }
  const std::string argument = query_arg(query, "last_event_id").value_or("");
  return argument.empty() ? LastEventId{} : understand(argument);
}

}  // namespace notify
