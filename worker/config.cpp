#include "worker/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>

#include "shared/base/secret.hpp"
#include "shared/base/text.hpp"
#include "shared/base/url_password.hpp"
#include "shared/model/delivery.hpp"
#include "shared/sql/database_url.hpp"
#include "worker/config_file.hpp"
#include "worker/config_slack.hpp"
#include "worker/config_values.hpp"

namespace notify::worker {
namespace {

constexpr const char* kDefaultFile = "/etc/notify/worker.conf";

enum class Kind { kPlain, kSecret };

// `apply` answers an empty text, or what is wrong with the value (without quoting it).
struct Setting {
  const char* name;
  const char* env;
  const char* fallback;  // shown by --help; what Config starts with
  const char* help;
  Kind kind;
  std::string (*apply)(Config& config, const std::string& value);
};

constexpr std::array kSettings = {
    Setting{"redis-url", "REDIS_URL", "redis://127.0.0.1:6379/0",
            "where Redis is: redis://[user:password@]host[:port][/db] or unix:/path (on the command "
            "line without a password, since others can read it)",
            Kind::kSecret,
            [](Config& c, const std::string& v) {
              auto url = parse_redis_url(v);
              if (!url) {
                return url.error().message;
              }
              c.redis = *url;
              return std::string();
            }},
    Setting{"run-dir", "RUN_DIR", "./run", "directory of run-time state", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.run_dir, v); }},
    Setting{"pid-file", "NOTIFY_PID_FILE", "none", "written at start, removed at exit",
            Kind::kPlain, [](Config& c, const std::string& v) { return take_text(c.pid_file, v); }},
    Setting{"ready-file", "NOTIFY_READY_FILE", "none",
            "written once Redis answers and all groups exist, removed at exit", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.ready_file, v); }},
    Setting{"environments", "NOTIFY_ENVIRONMENTS", "dev,test,uat,prod",
            "names; each has the stream <name>_stream and the group <name>_stream_group",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return set_environments(c.environments, v); }},
    Setting{"slack-webhook-url", "SLACK_WEBHOOK_URL", "none",
            "incoming webhook of all environments: URL, env:NAME or file:PATH (on the command "
            "line only the latter two). SLACK_WEBHOOK_URL_<NAME> or, in "
            "the file, slack-webhook-url-<name> takes its place for one environment; without "
            "one an environment is not delivered",
            Kind::kSecret, nullptr},
    Setting{"slack-bot-token", "SLACK_BOT_TOKEN", "none",
            "token of a Slack app's bot (xoxb-…), env:NAME or file:PATH: messages are posted and "
            "changed by Slack's Web API instead of the webhook. By environment as above",
            Kind::kSecret, nullptr},
    Setting{"slack-channel", "SLACK_CHANNEL", "none",
            "with a bot token: the channel, by id or name. By environment as above", Kind::kPlain,
            nullptr},
    Setting{"slack-api-url", "SLACK_API_URL", "https://slack.com/api", "where that API is",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              c.slack_api_url = v.ends_with('/') ? v.substr(0, v.size() - 1) : v;
              return check_http_url(v);
            }},
    Setting{"slack-actions", "NOTIFY_SLACK_ACTIONS", "notify:slack:actions",
            "stream of clicks on buttons, as nginx publishes them", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.slack_actions, v); }},
    Setting{"slack-actions-look", "NOTIFY_SLACK_ACTIONS_LOOK", "250ms",
            "how often it is looked at", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.slack_actions_look, v, milliseconds{10}, std::chrono::minutes{10});
            }},
    Setting{"reminder-after", "NOTIFY_REMINDER_AFTER", "10m",
            "from a notification with a button to its first reminder, and between two", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.reminder_after, v, milliseconds{100}, std::chrono::hours{24 * 30});
            }},
    Setting{"reminder-look", "NOTIFY_REMINDER_LOOK", "10s",
            "how often reminders that are due are looked for", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.reminder_look, v, milliseconds{10}, std::chrono::hours{1});
            }},
    Setting{"reminder-limit", "NOTIFY_REMINDER_LIMIT", "0",
            "reminders of one notification at most; 0: until it is resolved", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.reminder_limit, v, 0, 1'000'000);
            }},
    Setting{
        "budget-burst", "NOTIFY_BUDGET_BURST", "30",
        "requests that one destination takes at once, all workers together", Kind::kPlain,
        [](Config& c, const std::string& v) { return set_count(c.budget_burst, v, 1, 1'000'000); }},
    Setting{"budget-rate", "NOTIFY_BUDGET_RATE", "1",
            "requests a second that one destination takes after that", Kind::kPlain,
            [](Config& c, const std::string& v) { return set_rate(c.budget_rate, v); }},
    Setting{"concurrency", "NOTIFY_CONCURRENCY", "64", "requests on the wire at a time",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return set_count(c.concurrency, v, 1, 1024); }},
    Setting{"destination-concurrency", "NOTIFY_DESTINATION_CONCURRENCY", "1",
            "the same for one destination; 1 keeps the order while nothing fails", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.destination_concurrency, v, 1, 1024);
            }},
    Setting{"prefetch", "NOTIFY_PREFETCH", "32", "entries of one stream in memory", Kind::kPlain,
            [](Config& c, const std::string& v) { return set_count(c.prefetch, v, 1, 1000); }},
    Setting{"http-timeout", "NOTIFY_HTTP_TIMEOUT", "10s", "for a whole request", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.http_timeout, v, milliseconds{10}, std::chrono::minutes{10});
            }},
    Setting{"http-connect-timeout", "NOTIFY_HTTP_CONNECT_TIMEOUT", "5s",
            "for name, connection and TLS", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.http_connect_timeout, v, milliseconds{10},
                              std::chrono::minutes{10});
            }},
    Setting{"ca-file", "SSL_CERT_FILE", "the system's",
            "certificates that sign the destinations' ones; proxies: https_proxy, no_proxy",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return take_readable(c.ca_file, v); }},
    Setting{"max-attempts", "NOTIFY_MAX_ATTEMPTS", "30",
            "requests for one entry before it becomes a dead letter; 30 take some two hours",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.max_attempts, v, 1, kMostAttempts);
            }},
    Setting{"retry-initial", "NOTIFY_RETRY_INITIAL", "1s", "first wait; doubles, with jitter",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.retry_initial, v, milliseconds{1}, std::chrono::hours{24});
            }},
    Setting{"retry-max", "NOTIFY_RETRY_MAX", "5m", "longest wait", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.retry_max, v, milliseconds{1}, std::chrono::hours{24});
            }},
    Setting{"drain", "NOTIFY_DRAIN", "5s", "what is on the wire at SIGTERM may take that long",
            Kind::kPlain,
            [](Config& c,
               const std::string&
                   v) { return set_time(c.drain, v, milliseconds{0}, std::chrono::hours{1}); }},
    Setting{
        "queue-look", "NOTIFY_QUEUE_LOOK", "1s",
        "how often work queues are looked at for entries that were not finished in time",
        Kind::kPlain,
        [](Config& c,
           const std::string&
               v) { return set_time(c.queue_look, v, milliseconds{100}, std::chrono::minutes{10}); }},
    Setting{"queue-sweep", "NOTIFY_QUEUE_SWEEP", "1m",
            "how often consumers that nobody needs are removed from a work queue", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.queue_sweep, v, milliseconds{100}, std::chrono::hours{24});
            }},
    Setting{"queue-forget", "NOTIFY_QUEUE_FORGET", "10m",
            "how long a consumer without connection and pending entries is kept", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.queue_forget, v, milliseconds{0}, std::chrono::hours{24 * 30});
            }},
    Setting{
        "catalog-admin-password", "NOTIQ_ADMIN_PASSWORD", "none",
        "of the catalogue's superuser: the password, env:NAME or file:PATH (on the command line "
        "only the latter two); without one there is no catalogue",
        Kind::kSecret,
        [](Config& c, const std::string& v) { return take_secret(c.catalog.admin_password, v); }},
    Setting{"catalog-admin-username", "NOTIQ_ADMIN_USERNAME", "admin", "and its name", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.catalog.admin_name, v); }},
    Setting{"database-url", "DATABASE_URL", "a file in run-dir",
            "where the catalogue is: sqlite:/path, or "
            "postgresql://user:password@host:port/database; env:NAME and file:PATH, too (on the "
            "command line without a password, but for the latter two)",
            Kind::kSecret,
            [](Config& c,
               const std::string& v) { return take_database_url(c.catalog.database_url, v); }},
    Setting{"catalog-socket", "NOTIFY_CATALOG_SOCKET", "catalog.sock in run-dir",
            "the Unix socket on which nginx reaches it", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.catalog.socket, v); }},
    Setting{"app-env", "APP_ENV", "local", "begins API keys and the keys of users' streams",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return take_app_env(c.catalog.app_env, v); }},
    Setting{"catalog-threads", "NOTIFY_CATALOG_THREADS", "4", "connections to the database",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return set_count(c.catalog.threads, v, 1, 64); }},
    Setting{"catalog-wait", "NOTIFY_CATALOG_WAIT", "5s",
            "how long a request waits for a database that is away", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.catalog.patience, v, milliseconds{0}, std::chrono::seconds{10});
            }},
    Setting{"catalog-stream-length", "NOTIFY_CATALOG_STREAM_LENGTH", "1000",
            "notifications that are kept for one user, about", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.catalog.stream_length, v, 1, 10'000'000);
            }},
    Setting{"catalog-backlog", "NOTIFY_CATALOG_BACKLOG", "100000",
            "notifications that wait for one provider; the oldest beyond that are given up",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.catalog.backlog, v, 1, 10'000'000);
            }},
    Setting{"catalog-providers", "NOTIFY_CATALOG_PROVIDERS", "256",
            "providers that may be active; each takes a connection to Redis of each worker",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_count(c.catalog.providers, v, 1, 2'000);
            }},
    Setting{"catalog-token-ttl", "NOTIQ_TOKEN_TTL", "1h",
            "how long a user's token is good for that POST /api/notification/token makes", Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.catalog.token_ttl, v, std::chrono::seconds{1},
                              std::chrono::hours{24 * 365});
            }},
    Setting{"catalog-token-max-ttl", "NOTIQ_TOKEN_MAX_TTL", "24h",
            "the longest that a client may ask for; nginx's own bound is notify_member_token's ttl=",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.catalog.token_max_ttl, v, std::chrono::seconds{1},
                              std::chrono::hours{24 * 365});
            }},
    Setting{"catalog-sweep", "NOTIFY_CATALOG_SWEEP", "5m",
            "how often pending requests are looked for whose notification nobody can acknowledge "
            "any more; 0s: never",
            Kind::kPlain,
            [](Config& c, const std::string& v) {
              return set_time(c.catalog.sweep, v, milliseconds{0}, std::chrono::hours{24});
            }},
    Setting{"target-allowed-cidrs", "TARGET_ALLOWED_CIDRS", "none",
            "networks that the catalogue's providers may be in besides public addresses, such as "
            "10.1.0.0/16,fd00:1::/32",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return take_networks(c.allowed_targets, v); }},
    Setting{"socket-group", "NOTIFY_SOCKET_GROUP", "this process's own",
            "group that may use the Unix sockets of the catalogue and of metrics, which are 0660: "
            "that of nginx's workers",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.socket_group, v); }},
    Setting{"metrics-listen", "NOTIFY_METRICS_LISTEN", "none",
            "where GET /metrics is answered: ADDRESS:PORT, [ADDRESS]:PORT or unix:/path",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return take_listen(c.metrics_listen, v); }},
    Setting{"log-level", "NOTIFY_LOG_LEVEL", "info", "debug, info, notice, warning or error",
            Kind::kPlain,
            [](Config& c, const std::string& v) { return set_log_level(c.log_level, v); }},
    Setting{"log-format", "NOTIFY_LOG_FORMAT", "text", "text or json", Kind::kPlain,
            [](Config& c, const std::string& v) {
              c.log_format = v == "json" ? LogFormat::kJson : LogFormat::kText;
              return std::string(v == "json" || v == "text" ? "" : "expected text or json");
            }},
    Setting{"log-file", "NOTIFY_LOG_FILE", "standard error", "opened again on SIGHUP", Kind::kPlain,
            [](Config& c, const std::string& v) { return take_text(c.log_file, v); }},
};

// Every user of the machine can read a command line. A URL may stand there without a password.
bool shows_secret(const Setting& setting, const std::string& value) {
  if (setting.kind != Kind::kSecret || value.starts_with("env:") || value.starts_with("file:")) {
    return false;
  }
  const std::string_view name = setting.name;
  return name == "redis-url" || name == "database-url" ? url_has_password(value) : !value.empty();
}

Error shown_secret(const Setting& setting) {
  const bool by_redis = std::string_view(setting.name) == "redis-url";
  return invalid(std::string(setting.name) +
                 " (command line): every user of this machine can read a secret there; use the "
                 "environment variable " +
                 setting.env + (by_redis ? "" : ", or env:NAME or file:PATH as the value"));
}

// A value and where it stood.
struct Given {
  std::string value;
  std::string source;
  bool flag = false;  // the command line
};

class Loader {
 public:
  Loader(std::vector<std::string> arguments, const EnvironmentLookup& getenv)
      : arguments_(std::move(arguments)), getenv_(getenv) {}

  Result<Loaded> load();

 private:
  Result<void> read_flags();
  Result<void> read_file();
  Result<void> apply_all();
  using SlackSetter = std::string (*)(SlackSettings& slack, const std::string& value);
  struct BySlack {
    const char* name;
    bool secret;
    SlackSetter set;
  };
  Result<void> find_slack();
  Result<void> find_by_environment(std::string_view name, bool secret, SlackSetter set);
  [[nodiscard]] std::optional<Given> from_environment(const std::string& name) const;
  // A setting of the file is used by naming it; what is left over is unknown.
  std::optional<Given> from_file(const std::string& name);
  std::optional<Given> look_up(const Setting& setting);
  [[nodiscard]] static Error error(std::string_view name, const Given& given,
                                   std::string_view what) {
    return invalid(std::string(name) + " (" + given.source + "): " + std::string(what));
  }

  std::vector<std::string> arguments_;
  const EnvironmentLookup& getenv_;
  std::array<std::optional<std::string>, kSettings.size()> flags_;
  std::string file_name_;
  std::map<std::string, FileValue, std::less<>> file_;
  Loaded loaded_;
};

Result<Loaded> Loader::load() {
  const auto redis = parse_redis_url(kSettings.front().fallback);
  if (redis) {
    loaded_.config.redis = *redis;
  }
  set_environments(loaded_.config.environments, "dev,test,uat,prod");

  if (auto done = read_flags(); !done || loaded_.print) {
    return done ? Result<Loaded>(loaded_) : Result<Loaded>(done.error());
  }
  for (auto step : {&Loader::read_file, &Loader::apply_all, &Loader::find_slack}) {
    if (auto done = (this->*step)(); !done) {
      return done.error();
    }
  }
  if (!file_.empty()) {
    const auto& [name, value] = *file_.begin();
    return invalid(file_name_ + ", line " + std::to_string(value.line) + ": unknown setting `" +
                   name + "`");
  }
  auto& config = loaded_.config;
  if (auto& url = config.catalog.database_url; url.empty()) {
    url = sql::default_database_url(config.run_dir);
    if (auto parsed = sql::parse_database_url(url); !parsed) {
      return invalid("run-dir: no database can stand in it: " + parsed.error().message);
    }
  }
  if (config.retry_max < config.retry_initial) {
    return invalid("retry-max is less than retry-initial");
  }
  if (config.catalog.token_max_ttl < config.catalog.token_ttl) {
    return invalid("catalog-token-max-ttl is less than catalog-token-ttl");
  }
  return loaded_;
}

// CLI11 throws; nothing that it throws leaves this function.
Result<void> Loader::read_flags() {
  CLI::App app(
      "Delivers the entries of Redis Streams to Slack, at least once; looks after work queues; "
      "serves the catalogue and delivers to its providers.",
      "notify-worker");
  app.footer(
      "Each setting may stand in the file as `name = value`, in the environment, and on the "
      "command line, which wins. Secrets never stand on the command line, since every user of the "
      "machine can read it.");
  app.allow_windows_style_options(false);
  try {
    app.add_option("--config", file_name_,
                   std::string("file of settings [NOTIFY_WORKER_CONFIG; default ") + kDefaultFile +
                       ", if it exists]")
        ->type_name("FILE");
    for (std::size_t i = 0; i < kSettings.size(); ++i) {
      const auto& setting = kSettings[i];
      app.add_option(
             std::string("--") + setting.name, flags_[i],
             std::string(setting.help) + " [" + setting.env + "; default " + setting.fallback + "]")
          ->type_name("VALUE");
    }
    app.allow_extras();  // its own complaint would quote a value, which may be a secret
    std::reverse(arguments_.begin(), arguments_.end());  // as CLI11 wants them
    app.parse(arguments_);
    for (const auto& argument : app.remaining()) {
      return invalid(argument.starts_with('-')
                         ? "command line: unknown flag " + argument.substr(0, argument.find('='))
                         : "command line: expected a flag before each value");
    }
  } catch (const CLI::CallForHelp&) {
    loaded_.print = app.help();
  } catch (const CLI::Error& problem) {
    return invalid(std::string("command line: ") + problem.what());
  }
  return {};
}

Result<void> Loader::read_file() {
  bool optional = false;
  if (file_name_.empty()) {
    if (auto given = from_environment("NOTIFY_WORKER_CONFIG")) {
      file_name_ = given->value;
    } else {
      file_name_ = kDefaultFile;
      optional = true;
    }
  }
  std::ifstream stream(file_name_, std::ios::binary);
  if (!stream) {
    if (optional && errno == ENOENT) {
      return {};
    }
    return invalid("config: cannot open " + file_name_ + ": " + std::strerror(errno));
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) {
    return invalid("config: cannot read " + file_name_);
  }
  auto values = parse_config_text(text);
  if (!values) {
    return invalid("config: " + file_name_ + ", " + values.error().message);
  }
  file_ = std::move(*values);
  return {};
}

Result<void> Loader::apply_all() {
  for (const auto& setting : kSettings) {
    if (setting.apply == nullptr) {
      continue;
    }
    if (const auto given = look_up(setting)) {
      if (given->value.find('\0') != std::string::npos) {
        return error(setting.name, *given, "holds a NUL");
      }
      if (given->flag && shows_secret(setting, given->value)) {
        return shown_secret(setting);
      }
      const auto problem = setting.apply(loaded_.config, given->value);
      if (!problem.empty()) {
        return error(
            setting.name, *given,
            setting.kind == Kind::kSecret ? problem : problem + ", not \"" + given->value + "\"");
      }
    }
  }
  return {};
}

// What each environment may have of its own, else all of them together.
Result<void> Loader::find_slack() {
  for (const auto& [name, secret, set] : {BySlack{"slack-webhook-url", true, &set_slack_webhook},
                                          BySlack{"slack-bot-token", true, &set_slack_token},
                                          BySlack{"slack-channel", false, &set_slack_channel}}) {
    if (auto done = find_by_environment(name, secret, set); !done) {
      return done;
    }
  }
  for (const auto& environment : loaded_.config.environments) {
    if (auto checked = check_slack(environment); !checked) {
      return checked;
    }
  }
  return {};
}

Result<void> Loader::find_by_environment(std::string_view name, bool secret, SlackSetter set) {
  const auto* setting = std::find_if(kSettings.begin(), kSettings.end(),
                                     [&name](const Setting& row) { return row.name == name; });
  const auto general = look_up(*setting);
  const auto& flag = flags_[static_cast<std::size_t>(setting - kSettings.begin())];
  if (flag && shows_secret(*setting, *flag)) {
    return shown_secret(*setting);
  }
  for (auto& environment : loaded_.config.environments) {
    std::string variable = environment.name;
    std::transform(variable.begin(), variable.end(), variable.begin(), [](char c) {
      return c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    });
    auto given = from_file(std::string(name) + "-" + environment.name);
    if (auto own = from_environment(std::string(setting->env) + "_" + variable)) {
      given = own;
    }
    if (!given) {
      given = general;
    }
    if (!given || given->value.empty()) {
      continue;
    }
    auto value = secret ? resolve_secret(given->value) : Result<std::string>(given->value);
    if (!value) {
      return error(name, *given, value.error().message);
    }
    if (const auto problem = set(environment.slack, *value); !problem.empty()) {
      return error(name, *given, problem);
    }
  }
  return {};
}

std::optional<Given> Loader::from_environment(const std::string& name) const {
  const char* value = getenv_(name.c_str());
  if (value == nullptr || *value == '\0') {
    return std::nullopt;
  }
  return Given{value, "environment variable " + name};
}

std::optional<Given> Loader::from_file(const std::string& name) {
  const auto found = file_.find(name);
  if (found == file_.end()) {
    return std::nullopt;
  }
  Given given{found->second.value, file_name_ + ", line " + std::to_string(found->second.line)};
  file_.erase(found);
  return given;
}

std::optional<Given> Loader::look_up(const Setting& setting) {
  auto given = from_file(setting.name);
  if (auto own = from_environment(setting.env)) {
    given = own;
  }
  const auto index = static_cast<std::size_t>(&setting - kSettings.data());
  if (flags_[index]) {
    given = Given{*flags_[index], "command line", true};
  }
  return given;
}

}  // namespace

Result<Loaded> load_config(std::vector<std::string> arguments, const EnvironmentLookup& getenv) {
  return Loader(std::move(arguments), getenv).load();
}

}  // namespace notify::worker
