#pragma once

// The worker's settings. Each has one name, three places and one meaning:
//
//   file (`name = value`)  <  environment (NAME)  <  flag (--name VALUE)
//
// The table in config_table.cpp is the list of all of them, with their defaults, and what --help
// prints. The file's lines are `name = value` or `name = "value"`, blank, or begin with `#`. An
// empty environment variable is an unset one. Any error names the setting and the place that it
// came from, and no secret.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/base/url.hpp"
#include "worker/net/target_address.hpp"
#include "worker/process/log.hpp"

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

// The catalogue of clients, channels, providers, receivers and templates (worker/catalog).
struct CatalogConfig {
  std::string database_url;  // none given: a file of SQLite in run_dir
  std::string socket;        // empty: catalog.sock in run_dir
  std::string admin_name;
  std::string admin_password;  // empty: there is no catalogue
  std::string app_env;
  unsigned threads = 0;
  milliseconds patience{};
  unsigned stream_length = 0;
  unsigned backlog = 0;
  unsigned providers = 0;
  unsigned connections = 0;     // to the socket
  unsigned schema_steps = 0;    // of one send
  unsigned template_steps = 0;  // likewise
  unsigned template_bytes = 0;  // of the text
  milliseconds token_ttl{};
  milliseconds token_max_ttl{};
  milliseconds sweep{};  // 0: never
};

// As made by default_config(): the table has the defaults, and they are nowhere else.
struct Config {
  RedisUrl redis;
  std::string run_dir;
  std::string pid_file;    // empty: none
  std::string ready_file;  // likewise
  std::vector<Environment> environments;

  unsigned budget_burst = 0;
  double budget_rate = 0;  // per second
  unsigned concurrency = 0;
  unsigned destination_concurrency = 0;
  unsigned prefetch = 0;
  milliseconds http_timeout{};
  milliseconds http_connect_timeout{};
  std::string ca_file;  // empty: libcurl's own
  unsigned max_attempts = 0;
  milliseconds retry_initial{};
  milliseconds retry_max{};
  milliseconds drain{};
  milliseconds queue_look{};
  milliseconds queue_sweep{};
  milliseconds queue_forget{};

  std::string slack_api_url;
  std::string slack_actions;
  milliseconds slack_actions_look{};
  milliseconds reminder_after{};
  milliseconds reminder_look{};
  unsigned reminder_limit = 0;  // 0: until it is resolved

  CatalogConfig catalog;

  std::vector<Network> allowed_targets;  // besides public addresses, of providers

  std::string metrics_listen;  // empty: nobody is told
  std::string socket_group;    // of Unix sockets; empty: the process's own

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::string log_file;  // empty: standard error
};

struct Loaded {
  Config config;
  std::optional<std::string> print;  // --help, --settings: print it and leave
};

// nullptr: not set.
using EnvironmentLookup = std::function<const char*(const char* name)>;

// `arguments` without the program's name. Reads the file, and the files that secrets name.
Result<Loaded> load_config(std::vector<std::string> arguments, const EnvironmentLookup& getenv);

}  // namespace notify::worker
