#include "shared/redis/page.hpp"

#include <string>
#include <utility>

namespace notify::redis {
namespace {

std::optional<EntryId> parse_id(const Reply& reply) {
  const auto text = reply.bulk();
  return text ? parse_entry_id(*text) : std::nullopt;
}

}  // namespace

std::optional<Entry> parse_entry(const Reply& reply) {
  const auto id = parse_id(reply[0]);
  const Reply fields = reply[1];
  if (reply.size() != 2 || !id || !fields.is_array() || fields.size() % 2 != 0) {
    return std::nullopt;
  }
  Entry entry{*id, {}};
  entry.fields.reserve(fields.size() / 2);
  for (std::size_t i = 0; i < fields.size(); i += 2) {
    const auto name = fields[i].bulk();
    const auto value = fields[i + 1].bulk();
    if (!name || !value) {
      return std::nullopt;
    }
    entry.fields.emplace_back(*name, *value);
  }
  return entry;
}

std::optional<Page> parse_read(const Reply& reply) {
  constexpr std::size_t kFacts = 6;
  const auto exists = reply[0].integer();
  const auto first = parse_id(reply[1]);
  const auto last = parse_id(reply[2]);
  const auto length = reply[3].integer();
  const auto added = reply[4].integer();
  const auto more = reply[5].integer();
  if (!exists || !first || !last || !length || *length < 0 || !added || !more) {
    return std::nullopt;
  }
  Page page;
  page.exists = *exists != 0;
  page.first = *first;
  page.last_generated = *last;
  page.length = static_cast<std::uint64_t>(*length);
  page.added = *added;
  page.more = *more != 0;
  page.entries.reserve(reply.size() - kFacts);
  for (std::size_t i = kFacts; i < reply.size(); ++i) {
    auto entry = parse_entry(reply[i]);
    if (!entry) {
      return std::nullopt;
    }
    page.entries.push_back(std::move(*entry));
  }
  return page;
}

}  // namespace notify::redis
