#include "ctl/entries.hpp"

namespace notify::ctl {

std::vector<Entry> read_entries(redis::Reply reply) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < reply.size(); ++i) {
    if (auto entry = redis::parse_entry(reply[i])) {
      entries.push_back(std::move(*entry));
    }
  }
  return entries;
}

redis::Reply find_member(redis::Reply reply, std::string_view name) {
  for (std::size_t i = 0; i + 1 < reply.size(); i += 2) {
    if (reply[i].text() == name) {
      return reply[i + 1];
    }
  }
  return redis::Reply(nullptr);
}

}  // namespace notify::ctl
