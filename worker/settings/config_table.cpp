#include "worker/settings/config_table.hpp"

#include <array>

#include "shared/model/delivery.hpp"
#include "worker/settings/config_slack.hpp"
#include "worker/settings/config_values.hpp"

namespace notify::worker {
namespace {

// Milliseconds, for the bounds of times.
constexpr long kSecond = 1'000;
constexpr long kMinute = 60 * kSecond;
constexpr long kHour = 60 * kMinute;
constexpr long kDay = 24 * kHour;

// The member that a path of members leads to.
template <auto... kPath>
auto& member(Config& config) {
  return (config.*....*kPath);
}

template <auto kTake, auto... kPath>
std::string take(Config& config, const std::string& value) {
  return kTake(member<kPath...>(config), value);
}

template <unsigned kLeast, unsigned kMost, auto... kPath>
std::string count(Config& config, const std::string& value) {
  return set_count(member<kPath...>(config), value, kLeast, kMost);
}

template <long kLeast, long kMost, auto... kPath>
std::string time(Config& config, const std::string& value) {
  return set_time(member<kPath...>(config), value, milliseconds{kLeast}, milliseconds{kMost});
}

template <auto... kPath>
constexpr auto kText = &take<&take_text, kPath...>;

constexpr Default is(const char* value) { return {value, value}; }
constexpr Default told(const char* text) { return {nullptr, text}; }
constexpr Default kNone = told("none");

constexpr auto kCatalog = &Config::catalog;
using Catalog = CatalogConfig;
using enum SettingKind;

constexpr std::array kTable{
    Setting{
        "redis-url", "REDIS_URL", is("redis://127.0.0.1:6379/0"),
        "where Redis is: redis://[user:password@]host[:port][/db] or unix:/path (on the command "
        "line without a password, since others can read it)",
        kSecret, &take<&take_redis_url, &Config::redis>},
    Setting{"run-dir", "RUN_DIR", is("./run"), "directory of run-time state", kPlain,
            kText<&Config::run_dir>},
    Setting{"pid-file", "NOTIFY_PID_FILE", kNone, "written at start, removed at exit", kPlain,
            kText<&Config::pid_file>},
    Setting{"ready-file", "NOTIFY_READY_FILE", kNone,
            "written once Redis answers and all groups exist, removed at exit", kPlain,
            kText<&Config::ready_file>},
    Setting{"environments", "NOTIFY_ENVIRONMENTS", is("dev,test,uat,prod"),
            "names; each has the stream <name>_stream and the group <name>_stream_group", kPlain,
            &take<&set_environments, &Config::environments>},
    Setting{"slack-webhook-url", "SLACK_WEBHOOK_URL", kNone,
            "incoming webhook of all environments: URL, env:NAME or file:PATH (on the command "
            "line only the latter two). SLACK_WEBHOOK_URL_<NAME> or, in "
            "the file, slack-webhook-url-<name> takes its place for one environment; without "
            "one an environment is not delivered",
            kSecret, nullptr},
    Setting{"slack-bot-token", "SLACK_BOT_TOKEN", kNone,
            "token of a Slack app's bot (xoxb-…), env:NAME or file:PATH: messages are posted and "
            "changed by Slack's Web API instead of the webhook. By environment as above",
            kSecret, nullptr},
    Setting{"slack-channel", "SLACK_CHANNEL", kNone,
            "with a bot token: the channel, by id or name. By environment as above", kPlain,
            nullptr},
    Setting{"slack-api-url", "SLACK_API_URL", is("https://slack.com/api"), "where that API is",
            kPlain, &take<&take_slack_api_url, &Config::slack_api_url>},
    Setting{"slack-actions", "NOTIFY_SLACK_ACTIONS", is("notify:slack:actions"),
            "stream of clicks on buttons, as nginx publishes them", kPlain,
            kText<&Config::slack_actions>},
    Setting{"slack-actions-look", "NOTIFY_SLACK_ACTIONS_LOOK", is("250ms"),
            "how often it is looked at", kPlain,
            &time<10, 10 * kMinute, &Config::slack_actions_look>},
    Setting{"reminder-after", "NOTIFY_REMINDER_AFTER", is("10m"),
            "from a notification with a button to its first reminder, and between two", kPlain,
            &time<100, 30 * kDay, &Config::reminder_after>},
    Setting{"reminder-look", "NOTIFY_REMINDER_LOOK", is("10s"),
            "how often reminders that are due are looked for", kPlain,
            &time<10, kHour, &Config::reminder_look>},
    Setting{"reminder-limit", "NOTIFY_REMINDER_LIMIT", is("0"),
            "reminders of one notification at most; 0: until it is resolved", kPlain,
            &count<0, 1'000'000, &Config::reminder_limit>},
    Setting{"budget-burst", "NOTIFY_BUDGET_BURST", is("30"),
            "requests that one destination takes at once, all workers together", kPlain,
            &count<1, 1'000'000, &Config::budget_burst>},
    Setting{"budget-rate", "NOTIFY_BUDGET_RATE", is("1"),
            "requests a second that one destination takes after that", kPlain,
            &take<&set_rate, &Config::budget_rate>},
    Setting{"concurrency", "NOTIFY_CONCURRENCY", is("64"), "requests on the wire at a time", kPlain,
            &count<1, 1024, &Config::concurrency>},
    Setting{"destination-concurrency", "NOTIFY_DESTINATION_CONCURRENCY", is("1"),
            "the same for one destination; 1 keeps the order while nothing fails", kPlain,
            &count<1, 1024, &Config::destination_concurrency>},
    Setting{"prefetch", "NOTIFY_PREFETCH", is("32"), "entries of one stream in memory", kPlain,
            &count<1, 1000, &Config::prefetch>},
    Setting{"http-timeout", "NOTIFY_HTTP_TIMEOUT", is("10s"), "for a whole request", kPlain,
            &time<10, 10 * kMinute, &Config::http_timeout>},
    Setting{"http-connect-timeout", "NOTIFY_HTTP_CONNECT_TIMEOUT", is("5s"),
            "for name, connection and TLS", kPlain,
            &time<10, 10 * kMinute, &Config::http_connect_timeout>},
    Setting{"ca-file", "SSL_CERT_FILE", told("the system's"),
            "certificates that sign the destinations' ones; proxies: https_proxy, no_proxy", kPlain,
            &take<&take_readable, &Config::ca_file>},
    Setting{"max-attempts", "NOTIFY_MAX_ATTEMPTS", is("30"),
            "requests for one entry before it becomes a dead letter; 30 take some two hours",
            kPlain, &count<1, kMostAttempts, &Config::max_attempts>},
    Setting{"retry-initial", "NOTIFY_RETRY_INITIAL", is("1s"), "first wait; doubles, with jitter",
            kPlain, &time<1, kDay, &Config::retry_initial>},
    Setting{"retry-max", "NOTIFY_RETRY_MAX", is("5m"), "longest wait", kPlain,
            &time<1, kDay, &Config::retry_max>},
    Setting{"drain", "NOTIFY_DRAIN", is("5s"), "what is on the wire at SIGTERM may take that long",
            kPlain, &time<0, kHour, &Config::drain>},
    Setting{"queue-look", "NOTIFY_QUEUE_LOOK", is("1s"),
            "how often work queues are looked at for entries that were not finished in time",
            kPlain, &time<100, 10 * kMinute, &Config::queue_look>},
    Setting{"queue-sweep", "NOTIFY_QUEUE_SWEEP", is("1m"),
            "how often consumers that nobody needs are removed from a work queue", kPlain,
            &time<100, kDay, &Config::queue_sweep>},
    Setting{"queue-forget", "NOTIFY_QUEUE_FORGET", is("10m"),
            "how long a consumer without connection and pending entries is kept", kPlain,
            &time<0, 30 * kDay, &Config::queue_forget>},
    Setting{"catalog-admin-password", "NOTIQ_ADMIN_PASSWORD", kNone,
            "of the catalogue's superuser: the password, env:NAME or file:PATH (on the command "
            "line only the latter two); without one there is no catalogue",
            kSecret, &take<&take_secret, kCatalog, &Catalog::admin_password>},
    Setting{"catalog-admin-username", "NOTIQ_ADMIN_USERNAME", is("admin"), "and its name", kPlain,
            kText<kCatalog, &Catalog::admin_name>},
    Setting{"database-url", "DATABASE_URL", told("sqlite:RUN_DIR/catalog.sqlite"),
            "where the catalogue is: sqlite:/path, or "
            "postgresql://user:password@host:port/database; env:NAME and file:PATH, too (on the "
            "command line without a password, but for the latter two)",
            kSecret, &take<&take_database_url, kCatalog, &Catalog::database_url>},
    Setting{"catalog-socket", "NOTIFY_CATALOG_SOCKET", told("RUN_DIR/catalog.sock"),
            "the Unix socket on which nginx reaches it", kPlain, kText<kCatalog, &Catalog::socket>},
    Setting{"app-env", "APP_ENV", is("local"), "begins API keys and the keys of users' streams",
            kPlain, &take<&take_app_env, kCatalog, &Catalog::app_env>},
    Setting{"catalog-threads", "NOTIFY_CATALOG_THREADS", is("4"), "connections to the database",
            kPlain, &count<1, 64, kCatalog, &Catalog::threads>},
    Setting{"catalog-wait", "NOTIFY_CATALOG_WAIT", is("5s"),
            "how long a request waits for a database that is away", kPlain,
            &time<0, 10 * kSecond, kCatalog, &Catalog::patience>},
    Setting{"catalog-stream-length", "NOTIFY_CATALOG_STREAM_LENGTH", is("1000"),
            "notifications that are kept for one user, about", kPlain,
            &count<1, 10'000'000, kCatalog, &Catalog::stream_length>},
    Setting{"catalog-backlog", "NOTIFY_CATALOG_BACKLOG", is("100000"),
            "notifications that wait for one provider; the oldest beyond that are given up", kPlain,
            &count<1, 10'000'000, kCatalog, &Catalog::backlog>},
    Setting{"catalog-providers", "NOTIFY_CATALOG_PROVIDERS", is("256"),
            "providers that may be active; each takes a connection to Redis of each worker", kPlain,
            &count<1, 2'000, kCatalog, &Catalog::providers>},
    Setting{"catalog-connections", "NOTIFY_CATALOG_CONNECTIONS", is("2000"),
            "connections to the catalogue's socket at a time, about, and half of the descriptors "
            "that the process may have at most; others wait",
            kPlain, &count<16, 100'000, kCatalog, &Catalog::connections>},
    Setting{"catalog-schema-steps", "NOTIFY_CATALOG_SCHEMA_STEPS", is("100000"),
            "steps of validating the data of one send by a template's schema: 10 ms; more is "
            "refused",
            kPlain, &count<1'000, 10'000'000, kCatalog, &Catalog::schema_steps>},
    Setting{"catalog-template-steps", "NOTIFY_CATALOG_TEMPLATE_STEPS", is("100000"),
            "steps of rendering a template for one send; more is refused", kPlain,
            &count<1'000, 10'000'000, kCatalog, &Catalog::template_steps>},
    Setting{"catalog-template-bytes", "NOTIFY_CATALOG_TEMPLATE_BYTES", is("262144"),
            "bytes of text that a template may make; more is refused", kPlain,
            &count<1'000, 1'048'576, kCatalog, &Catalog::template_bytes>},
    Setting{"catalog-token-ttl", "NOTIQ_TOKEN_TTL", is("1h"),
            "how long a user's token is good for that POST /api/notification/token makes", kPlain,
            &time<kSecond, 365 * kDay, kCatalog, &Catalog::token_ttl>},
    Setting{
        "catalog-token-max-ttl", "NOTIQ_TOKEN_MAX_TTL", is("24h"),
        "the longest that a client may ask for; nginx's own bound is notify_member_token's ttl=",
        kPlain, &time<kSecond, 365 * kDay, kCatalog, &Catalog::token_max_ttl>},
    Setting{"catalog-sweep", "NOTIFY_CATALOG_SWEEP", is("5m"),
            "how often pending requests are looked for whose notification nobody can acknowledge "
            "any more; 0s: never",
            kPlain, &time<0, kDay, kCatalog, &Catalog::sweep>},
    Setting{"target-allowed-cidrs", "TARGET_ALLOWED_CIDRS", kNone,
            "networks that the catalogue's providers may be in besides public addresses, such as "
            "10.1.0.0/16,fd00:1::/32",
            kPlain, &take<&take_networks, &Config::allowed_targets>},
    Setting{"socket-group", "NOTIFY_SOCKET_GROUP", told("the process's own"),
            "group that may use the Unix sockets of the catalogue and of metrics, which are 0660: "
            "that of nginx's workers",
            kPlain, kText<&Config::socket_group>},
    Setting{"metrics-listen", "NOTIFY_METRICS_LISTEN", kNone,
            "where GET /metrics is answered: ADDRESS:PORT, [ADDRESS]:PORT or unix:/path", kPlain,
            &take<&take_listen, &Config::metrics_listen>},
    Setting{"log-level", "NOTIFY_LOG_LEVEL", is("info"), "debug, info, notice, warning or error",
            kPlain, &take<&set_log_level, &Config::log_level>},
    Setting{"log-format", "NOTIFY_LOG_FORMAT", is("text"), "text or json", kPlain,
            &take<&set_log_format, &Config::log_format>},
    Setting{"log-file", "NOTIFY_LOG_FILE", told("standard error"), "opened again on SIGHUP", kPlain,
            kText<&Config::log_file>},
};

}  // namespace

std::span<const Setting> setting_table() { return kTable; }

Result<Config> default_config() {
  Config config;
  for (const Setting& row : kTable) {
    if (row.fallback.value == nullptr || row.apply == nullptr) {
      continue;
    }
    if (const auto problem = row.apply(config, row.fallback.value); !problem.empty()) {
      return invalid(std::string(row.name) + " (default): " + problem);
    }
  }
  return config;
}

std::string settings_as_text() {
  std::string text;
  for (const Setting& row : kTable) {
    text += std::string(row.env) + "\t--" + row.name + "\t" + row.fallback.told + "\t" + row.help +
            "\n";
  }
  return text;
}

}  // namespace notify::worker
