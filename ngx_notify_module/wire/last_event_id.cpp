#include "ngx_notify_module/wire/last_event_id.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "shared/base/text.hpp"

namespace notify {
namespace {

LastEventId unknown() { return {LastEventId::Kind::kUnknown, {}, {}}; }

LastEventId understand(std::string_view text) {
  if (const std::optional<EntryId> id = parse_event_id(text)) {
    return {LastEventId::Kind::kKnown, *id, {}};
  }
  if (auto places = parse_composite_id(text)) {
    return {LastEventId::Kind::kSeveral, {}, std::move(*places)};
  }
  return unknown();
}

// last_event_id, lastEventId, Last-Event-ID, …
bool is_name(std::string_view encoded) {
  constexpr std::string_view kName = "lasteventid";
  constexpr std::size_t kMost = 3 * 64;  // each byte may be %XX
  if (encoded.size() < kName.size() || encoded.size() > kMost) {
    return false;
  }
  std::string name = to_lower(percent_decode(encoded, true));
  std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
  return name == kName;
}

std::vector<std::string> arguments(std::string_view query) {
  std::vector<std::string> values;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_name(pair.substr(0, equals))) {
      values.push_back(percent_decode(pair.substr(equals + 1), true));
    }
  }
  return values;
}

// The earlier place in each stream. Both must speak of the same streams.
bool take_earlier(std::vector<StreamPosition>& places, const std::vector<StreamPosition>& others) {
  if (places.size() != others.size()) {
    return false;
  }
  for (StreamPosition& place : places) {
    const auto other = std::find_if(others.begin(), others.end(), [&](const StreamPosition& each) {
      return each.tag == place.tag;
    });
    if (other == others.end()) {
      return false;
    }
    place.position = place.position && other->position
                         ? std::optional(std::min(*place.position, *other->position))
                         : std::nullopt;
  }
  return true;
}

LastEventId earliest(LastEventId one, const LastEventId& other) {
  if (one.kind != other.kind) {
    return unknown();
  }
  if (one.kind == LastEventId::Kind::kSeveral && !take_earlier(one.places, other.places)) {
    return unknown();
  }
  one.id = std::min(one.id, other.id);
  return one;
}

LastEventId earliest_of(std::vector<std::string> values) {
  std::erase(values, "");
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  LastEventId place;
  for (const std::string& value : values) {
    LastEventId next = understand(value);
    place = place.kind == LastEventId::Kind::kAbsent ? std::move(next)
                                                     : earliest(std::move(place), next);
  }
  return place;
}

}  // namespace

LastEventId parse_last_event_id(std::span<const std::string_view> headers, std::string_view query) {
  std::vector<std::string> stated;
  for (const std::string_view header : headers) {
    stated.emplace_back(trim(header));
  }
  LastEventId place = earliest_of(std::move(stated));
  return place.kind == LastEventId::Kind::kAbsent ? earliest_of(arguments(query)) : place;
}

}  // namespace notify
