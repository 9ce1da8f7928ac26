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
#include "worker/target_address.hpp"

namespace notify::worker {

using std::chrono::milliseconds;

// Where an environment's messages go. With neither webhook nor token its stream is not consumed.
struct SlackSettings {
  std::string webhook;
  std::string token;  // of a bot; wins over the webhook
  std::string channel;

  [[nodiscard]] bool reachable() const { return !webhook.empty() || !token.empty(); }
};

struct Environment {
  std::string name;
  SlackSettings slack;

  [[nodiscard]] std::string stream() const { return name + "_stream"; }
  [[nodiscard]] std::string group() const { return name + "_stream_group"; }
  [[nodiscard]] std::string consumer() const { return name + "_stream_worker"; }
};

enum class LogFormat { kText, kJson };

// The catalogue of clients, channels, providers, receivers and templates (worker/catalog).
struct CatalogConfig {
  std::string database_url;  // none given: a file of SQLite in run_dir
  std::string socket;        // empty: catalog.sock in run_dir
  std::string admin_name = "admin";
  std::string admin_password;  // empty: there is no catalogue
  std::string app_env = "local";
  unsigned threads = 4;
  milliseconds patience{5'000};
  unsigned stream_length = 1'000;
  unsigned backlog = 100'000;
  unsigned providers = 256;
  milliseconds token_ttl{std::chrono::hours{1}};
  milliseconds token_max_ttl{std::chrono::hours{24}};
  milliseconds sweep{300'000};  // 0: never
};

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
  milliseconds queue_look{1'000};
  milliseconds queue_sweep{60'000};
  milliseconds queue_forget{600'000};

  std::string slack_api_url = "https://slack.com/api";
  std::string slack_actions = "notify:slack:actions";
  milliseconds slack_actions_look{250};
  milliseconds reminder_after{600'000};
  milliseconds reminder_look{10'000};
  unsigned reminder_limit = 0;  // 0: until it is resolved

  CatalogConfig catalog;

  std::vector<Network> allowed_targets;  // besides public addresses, of providers

  std::string metrics_listen;  // empty: nobody is told
  std::string socket_group;    // of Unix sockets; empty: the process's own

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
