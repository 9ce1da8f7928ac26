#pragma once

// POST /api/notification/token: a user's pass for the sockets of a client, a JSON Web Token (HS256)
// under the client's key. nginx verifies it (notify_member_token); so does whoever has the key, and
// a program that has it can sign its own.

#include <chrono>
#include <string_view>

#include "worker/catalog/answer.hpp"
#include "worker/catalog/send/notification.hpp"

namespace notify::worker {

struct TokenTimes {
  std::chrono::milliseconds usual{std::chrono::hours{1}};
  std::chrono::milliseconds most{std::chrono::hours{24}};
};

// What the body asks for: by these times.
TokenOrder read_token_order(std::string_view body, const TokenTimes& times);

// Of an order that is right. `client`: its name in lower case; `key`: as it came, and known to be
// right.
Answer make_user_token(const TokenOrder& order, std::string_view client, std::string_view key);

}  // namespace notify::worker
