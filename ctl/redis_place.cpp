#include "ctl/redis_place.hpp"

namespace notify::ctl {

Result<RedisUrl> find_redis(const Settings& settings) {
  constexpr std::string_view kPassword = "REDIS_PASSWORD";
  auto url = parse_redis_url(settings.redis_url);
  if (!url) {
    return invalid("REDIS_URL (--redis-url): " + url.error().message);
  }
  if (!url->password.empty()) {
    return url;
  }
  if (auto given = find_setting(settings, kPassword)) {
    url->password = std::move(*given);
    return url;
  }
  auto made = find_secret(settings, kPassword);
  if (!made) {
    return url;
  }
  // Not every Redis is the one that it was made for, and only a Redis that asks is told.
  const auto client = RedisClient::connect(*url);
  if (!client && client.error().kind == ErrorKind::kUnauthorized) {
    url->password = std::move(*made);
  }
  return url;
}

Result<RedisClient> connect_redis(const Settings& settings) {
  const auto url = find_redis(settings);
  if (!url) {
    return url.error();
  }
  return RedisClient::connect(*url);
}

}  // namespace notify::ctl
