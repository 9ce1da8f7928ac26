#pragma once

#include "ctl/redis_client.hpp"
#include "ctl/settings.hpp"
#include "shared/base/url.hpp"

namespace notify::ctl {

// REDIS_URL, with a password where it has none: REDIS_PASSWORD of the environment or of .env; else,
// if Redis asks for one, that of RUN_DIR/credentials.env, which `make run` made for the Redis that
// it starts.
Result<RedisUrl> find_redis(const Settings& settings);

// Connected there.
Result<RedisClient> connect_redis(const Settings& settings);

}  // namespace notify::ctl
