#pragma once

// The settings of `notifyctl up`, found and checked: the environment, else .env, else what was made
// before (RUN_DIR/credentials.env), else the default. All end up in the environment of what is
// started.

#include <string>
#include <string_view>

#include "ctl/settings.hpp"
#include "ctl/supervise/addresses.hpp"
#include "ctl/supervise/environment.hpp"
#include "shared/base/result.hpp"
#include "shared/base/url.hpp"

namespace notify::ctl {

struct RunSettings {
  Environment environment;
  std::string run_dir;
  bool run_dir_is_chosen = false;  // by you; else ./run
  std::string source;              // the folder of nginx.conf.example and conf/
  std::string build;               // the folder of this program, the worker and the module
  RedisUrl redis;
  bool redis_password_is_given = false;  // by you, and so for any Redis
  Words listen_addresses;
  Words ports;
  Words tls_ports;
  Words trusted_networks;
  Words origins;

  [[nodiscard]] std::string get(std::string_view name) const { return environment.get(name); }
  [[nodiscard]] bool in_production() const { return get("STAGE") == "prod"; }
};

// All but the secrets, which stand in RUN_DIR, and the defaults that are below it. Touches nothing.
// The error names its setting.
Result<RunSettings> find_run_settings(const Settings& settings, const std::string& source);

// The defaults below RUN_DIR, once that has its place.
void set_places(RunSettings& settings);

// A path as an absolute one without links.
std::string absolute_path(const std::string& path);

// Of RUN_DIR/credentials.env; those that nobody set are made and kept there.
Result<void> find_secrets(RunSettings& settings);

// Secrets that everybody guesses are an error in production; else `warning` says so. Production
// also needs to know who publishes.
Result<void> check_stage(const RunSettings& settings, std::string& warning);

}  // namespace notify::ctl
