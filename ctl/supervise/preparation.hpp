#pragma once

// What has to stand in RUN_DIR before nginx starts: the configuration as rendered, a certificate,
// and what nginx and Redis write to.

#include <string>

#include "ctl/supervise/folders.hpp"
#include "ctl/supervise/run_settings.hpp"
#include "shared/base/result.hpp"

namespace notify::ctl {

// Are the files there that are rendered?
Result<void> check_source(const RunSettings& settings);

// Renders RUN_DIR/nginx.conf and RUN_DIR/conf/.
Result<void> prepare_nginx(RunSettings& settings, const Folders& folders);

// nginx.conf as it would be rendered. Touches nothing.
Result<std::string> nginx_conf(const RunSettings& settings, const Folders& folders);

// Has nginx look at RUN_DIR/nginx.conf: its own words where it is wrong.
Result<void> test_nginx(const RunSettings& settings);

// Is there a Redis at REDIS_URL that takes these settings? False: nothing listens there. Anything else is an
// error. REDIS_PASSWORD counts where REDIS_URL has no password. The one that was made is for the
// Redis that we start, and is tried only where a Redis asks for one: that may be the
// one of RUN_DIR, started by hand. The password that works ends up in `settings`.
Result<bool> find_redis_there(RunSettings& settings);

// RUN_DIR/redis.conf for a Redis of our own, with the password that was made.
Result<void> prepare_redis(RunSettings& settings);

// Fails where another program listens on one of the ports.
Result<void> check_ports_are_free(const RunSettings& settings);

}  // namespace notify::ctl
