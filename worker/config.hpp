#pragma once

// The worker's settings. Each has one name, three places and one meaning:
//
//   file (`name = value`)  <  environment (NAME)  <  flag (--name VALUE)
//
// The table in config.cpp is the list of all of them, and what --help prints. The file's lines are
// `name = value` or `name = "value"`, blank, or begin with `#`. An empty environment variable is
// an unset one. Any error names the setting and the place that it came from, and no secret.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/base/url.hpp"
#include "shared/redis/host.hpp"

namespace notify::worker {

using std::chrono::milliseconds;

struct Environment {
  std::string name;
  std::optional<std::string> webhook;  // absent: its stream is not consumed

  [[nodiscard]] std::string stream() const { return name + "_stream"; }
  [[nodiscard]] std::string group() const { return name + "_stream_group"; }
  [[nodiscard]] std::string consumer() const { return name + "_stream_worker"; }
};

enum class LogFormat { kText, kJson };

struct Config {
  RedisUrl redis;
  std::string run_dir = "./run";
  std::string pid_file;    // empty: none
  std::string ready_file;  // likewise
  std::vector<Environment> environments;

  unsigned budget_burst = 30;
  double budget_rate = 1.0;  // per second
  unsigned concurrency = 64;
  unsigned destination_concurrency = 1;
  unsigned prefetch = 32;
  milliseconds http_timeout{10'000};
  milliseconds http_connect_timeout{5'000};
  std::string ca_file;  // empty: libcurl's own
  unsigned max_attempts = 30;
  milliseconds retry_initial{1'000};
  milliseconds retry_max{300'000};
  milliseconds drain{5'000};

  redis::LogLevel log_level = redis::LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::string log_file;  // empty: standard error
};

struct Loaded {
  Config config;
  std::optional<std::string> print;  // --help: print it and leave
};

// nullptr: not set.
using EnvironmentLookup = std::function<const char*(const char* name)>;

// `arguments` without the program's name. Reads the file, and the files that secrets name.
Result<Loaded> load_config(std::vector<std::string> arguments, const EnvironmentLookup& getenv);

}  // namespace notify::worker
