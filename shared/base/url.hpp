#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

// Where Redis is.
struct RedisUrl {
  std::string host;        // name or address, IPv6 without brackets; empty with a Unix socket
  std::uint16_t port = 0;  // 0 with a Unix socket
  std::string unix_path;   // empty with TCP
  std::string user;        // percent-decoded; empty: the default user
  std::string password;    // percent-decoded; empty: no AUTH
  unsigned db = 0;

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }

  // For logs: the same place, without the password.
  [[nodiscard]] std::string display() const;

  bool operator==(const RedisUrl&) const = default;
};

// redis://[[user][:password]@][host][:port][/db]    default 127.0.0.1, 6379, 0
// unix:/path[?db=n]                                 also unix://[[user][:password]@]/path, and
//                                                   redis+unix:// or redis+socket:// for unix://
//
// The database's number may also be given as ?db=n. rediss:// is refused. Errors are kInvalid and
// quote no part of the URL that could hold the password.
Result<RedisUrl> parse_redis_url(std::string_view url);

}  // namespace notify
