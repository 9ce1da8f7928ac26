#include "worker/catalog/api/user_token.hpp"

#include <string>

#include "shared/auth/jwt.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/json.hpp"

namespace notify::worker {
namespace {

std::uint64_t seconds(std::chrono::milliseconds time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

TokenOrder read_token_order(std::string_view body, const TokenTimes& times) {
  return read_token_order(body, seconds(times.usual), seconds(times.most));
}

Answer make_user_token(const TokenOrder& order, std::string_view client, std::string_view key) {
  const auto now = static_cast<std::uint64_t>(unix_ms()) / 1000;
  const auto ends = now + order.seconds;
  const auto token =
      mint_jwt(R"({"iss":)" + json::quoted(client) + R"(,"sub":)" + json::quoted(order.user_id) +
                   R"(,"iat":)" + std::to_string(now) + R"(,"exp":)" + std::to_string(ends) + "}",
               key);
  if (!token) {
    return http_failure(500, "Internal Server Error");
  }
  const auto ends_text =
      format_iso8601_utc(static_cast<std::int64_t>(ends) * 1'000'000, UtcSuffix::kZ);
  return success(200, "Token created successfully",
                 R"({"token":)" + json::quoted(*token) + R"(,"user_id":)" +
                     json::quoted(order.user_id) + R"(,"client":)" + json::quoted(client) +
                     R"(,"ttl":)" + std::to_string(order.seconds) + R"(,"expires_at":)" +
                     json::quoted(ends_text) + "}");
}

}  // namespace notify::worker
