#include "ngx_notify_module/admin/stream_info.hpp"

#include <map>

#include "shared/base/json.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/redis/page.hpp"

namespace notify {
namespace {

// The value behind that name in a list of names and values; a nil view where there is none.
redis::Reply fact(const redis::Reply& reply, std::string_view name) {
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    if (reply[i].text() == name) {
      return reply[i + 1];
    }
  }
  return reply[reply.size()];
}

std::string number(const redis::Reply& reply, std::string_view name) {
  return std::to_string(fact(reply, name).integer().value_or(0));
}

std::string text(const redis::Reply& reply, std::string_view name) {
  return json::quoted(fact(reply, name).text());
}

// Of a repeated field the last value counts.
std::string entry_json(const redis::Reply& reply) {
  const std::optional<Entry> entry = redis::parse_entry(reply);
  std::string values = "null";
  if (entry) {
    std::map<std::string_view, std::string_view> by_name;
    for (const auto& [field, value] : entry->fields) {
      by_name[field] = value;
    }
    values = "{";
    for (const auto& [field, value] : by_name) {
      values.append(values.size() > 1 ? "," : "");
      json::append_quoted(values, field);
      values.push_back(':');
      json::append_quoted(values, value);
    }
    values.push_back('}');
  }
  const std::string id = entry ? format_entry_id(entry->id) : "";
  return "{\"ID\":" + json::quoted(id) + ",\"Values\":" + values +
         ",\"MillisElapsedFromDelivery\":0,\"DeliveredCount\":0}";
}

}  // namespace

std::string stream_info_json(const redis::Reply& reply) {
  return "{\"Length\":" + number(reply, "length") +
         ",\"RadixTreeKeys\":" + number(reply, "radix-tree-keys") +
         ",\"RadixTreeNodes\":" + number(reply, "radix-tree-nodes") +
         ",\"Groups\":" + number(reply, "groups") +
         ",\"LastGeneratedID\":" + text(reply, "last-generated-id") +
         ",\"MaxDeletedEntryID\":" + text(reply, "max-deleted-entry-id") +
         ",\"EntriesAdded\":" + number(reply, "entries-added") +
         ",\"FirstEntry\":" + entry_json(fact(reply, "first-entry")) +
         ",\"LastEntry\":" + entry_json(fact(reply, "last-entry")) +
         ",\"RecordedFirstEntryID\":" + text(reply, "recorded-first-entry-id") + "}";
}

std::string groups_json(const redis::Reply& reply) {
  const auto figure = [](const redis::Reply& group, std::size_t place) {
    return std::to_string(group[place].integer().value_or(0));
  };
  std::string out = "[";
  for (std::size_t i = 1; i < reply.size(); ++i) {
    const redis::Reply group = reply[i];
    out.append(i > 1 ? "," : "");
    out.append("{\"consumers\":").append(figure(group, 1));
    out.append(",\"lag\":").append(figure(group, 3));
    out.append(",\"name\":").append(json::quoted(group[0].text()));
    out.append(",\"pending\":").append(figure(group, 2)).append("}");
  }
  return out.append("]");
}

}  // namespace notify
