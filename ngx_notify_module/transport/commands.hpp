#pragma once

// The commands that requests send, and what an error of Redis' means for them. Built upon the
// scripts of shared/redis; what each takes and answers stands at its top.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/redis/client.hpp"

namespace notify {

struct PublishOrder {
  std::string stream;
  std::vector<std::pair<std::string, std::string>> fields;
  std::uint64_t retain_count = 0;  // 0: no bound
  std::uint64_t retain_ms = 0;     // 0: no bound
  int database = 0;
};

redis::Command publish_command(const PublishOrder& order);
redis::Command status_command(std::string_view stream, std::string_view group);
redis::Command clear_command(std::string_view stream);

// What to tell a client of an error reply. Errors that pass by themselves, or that an operator must
// see to, are kUnavailable; the others kInternal.
Error error_of(const redis::Reply& reply);

// The same for a command that got no reply: for clients, without where Redis is and why it is away.
Error error_of(const Error& failure);

}  // namespace notify
