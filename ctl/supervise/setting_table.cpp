#include "ctl/supervise/setting_table.hpp"

#include <algorithm>
#include <array>

#include "ctl/supervise/addresses.hpp"
#include "shared/base/text.hpp"
#include "shared/base/url.hpp"

namespace notify::ctl {
namespace {

Result<void> done(const auto& result) { return result ? Result<void>() : result.error(); }

template <const char* const& kFirst, const char* const& kSecond>
Result<void> one_of(std::string_view value) {
  if (value == kFirst || value == kSecond) {
    return {};
  }
  return invalid("\"" + std::string(value) + "\" is neither " + kFirst + " nor " + kSecond);
}

constexpr const char* kDev = "dev";
constexpr const char* kProd = "prod";
constexpr const char* kStrict = "strict";
constexpr const char* kLenient = "lenient";
constexpr const char* kRequired = "required";
constexpr const char* kOptional = "optional";
constexpr const char* kOn = "on";
constexpr const char* kOff = "off";

Result<void> redis_url(std::string_view value) { return done(parse_redis_url(value)); }
Result<void> ports(std::string_view value) { return done(parse_ports(value)); }
Result<void> networks(std::string_view value) { return done(parse_networks(value)); }
Result<void> origins(std::string_view value) { return done(parse_origins(value)); }
Result<void> addresses(std::string_view value) {
  return done(parse_listen_addresses(value, Network6{}));
}

// As redis.conf writes it: bytes, or a number with k, m or g and perhaps a b.
Result<void> memory(std::string_view value) {
  std::string text = to_lower(value);
  if (text.size() > 1 && text.back() == 'b' &&
      std::string_view("kmg").find(text[text.size() - 2]) != std::string_view::npos) {
    text.pop_back();
  }
  if (!text.empty() && std::string_view("kmg").find(text.back()) != std::string_view::npos) {
    text.pop_back();
  }
  const auto number = parse_u64(text);
  if (!number || *number == 0 || *number > 999'999'999'999) {
    return invalid("\"" + std::string(value) + "\" is not a size above 0 such as 512mb or 2gb");
  }
  return {};
}

Result<void> workers(std::string_view value) {
  const auto number = parse_u64(value);
  if (value == "auto" || (number && *number >= 1 && *number <= 1024)) {
    return {};
  }
  return invalid("\"" + std::string(value) + "\" is neither auto nor a number from 1 to 1024");
}

// It stands in quotes in nginx's configuration and in that of Redis.
Result<void> path(std::string_view value) {
  if (value.find_first_of("\"$\\\n") != std::string_view::npos) {
    return invalid("\" $ \\ cannot stand in it: " + std::string(value));
  }
  return {};
}

// It stands bare in nginx's configuration.
Result<void> word(std::string_view value) {
  if (value.find_first_of("\"'$\\;{} \t\r\n") != std::string_view::npos) {
    return invalid("\"" + std::string(value) + "\" is not a word such as local");
  }
  return {};
}

using enum SettingKind;

constexpr std::array kTable{
    Setting{"REDIS_URL", "redis://127.0.0.1:6379/0", "",
            "if nothing listens there, a Redis is started for this machine alone", kOurs,
            &redis_url},
    Setting{"REDIS_PASSWORD", "", "made",
            "of the Redis that is started; if you set it, of any Redis where REDIS_URL has none",
            kSecret},
    Setting{"REDIS_MAXMEMORY", "", "a quarter of the memory",
            "what the Redis that is started may hold; beyond it publishing fails", kOurs, &memory},
    Setting{"LISTEN_ADDRESS", "localhost", "127.0.0.1 [::1]",
            "addresses to listen on; * is all of them", kOurs, &addresses},
    Setting{"LISTEN_PORTS", "8080 8000 10000", "", "every port serves everything", kOurs, &ports},
    Setting{"LISTEN_TLS_PORTS", "", "none", "the same with TLS and HTTP/2", kOurs, &ports},
    Setting{"TLS_CERT", "", "self-signed", "the certificate of these ports, a file of PEM", kOurs,
            &path},
    Setting{"TLS_KEY", "", "self-signed", "its key; set both or none", kOurs, &path},
    Setting{"API_TOKEN", "", "made", "of signed requests", kSecret},
    Setting{"JWT_SECRET", "", "made",
            "of users' tokens; one that is well known, such as `dev-secret`, is refused with "
            "STAGE=prod",
            kSecret},
    Setting{"BEARER_TOKEN", "", "made", "of the streams' REST facade", kSecret},
    Setting{"AUTH_STORE_DIR", "RUN_DIR/auth", "", "the folder of the API keys", kOurs, &path},
    Setting{"STAGE", "dev", "", "prod: /openapi.json and /docs are not there", kOurs,
            &one_of<kDev, kProd>},
    Setting{"ALERTS_VALIDATION", "strict", "", "lenient: an alert may be any JSON object", kOurs,
            &one_of<kStrict, kLenient>},
    Setting{"NOTIQ_ADMIN_USERNAME", "admin", "", "the catalogue's superuser"},
    Setting{"NOTIQ_ADMIN_PASSWORD", "", "made",
            "the superuser's; with STAGE=prod one of less than 12 characters is refused", kSecret},
    Setting{"NOTIQ_SOCKET_AUTH", "required", "",
            "optional: anyone who can name a client and a user can read that user's notifications",
            kOurs, &one_of<kRequired, kOptional>},
    Setting{"NOTIQ_ECHO", "off", "", "on: what a user says on a socket comes back to that socket",
            kOurs, &one_of<kOn, kOff>},
    Setting{"NOTIQ_ORIGINS", "", "none",
            "origins of web pages that may use the catalogue, besides its own: "
            "https://app.example.org",
            kOurs, &origins},
    Setting{"NOTIQ_TOKEN_TTL", "", "1h", "how long a user's token is good", kPassed},
    Setting{"NOTIQ_TOKEN_MAX_TTL", "", "24h", "the longest that a client may ask for", kPassed},
    Setting{"NOTIFY_CATALOG_SOCKET", "RUN_DIR/catalog.sock", "",
            "where the worker serves the catalogue to nginx", kOurs, &path},
    Setting{"DATABASE_URL", "sqlite:RUN_DIR/catalog.sqlite", "",
            "the catalogue's tables; postgresql://… when you outgrow a file"},
    Setting{"APP_ENV", "local", "", "begins the catalogue's API keys", kOurs, &word},
    Setting{"SLACK_WEBHOOK_URL", "", "none",
            "incoming webhook; SLACK_WEBHOOK_URL_PROD and so on for one environment", kPassed},
    Setting{"SLACK_BOT_TOKEN", "", "none", "a Slack app's bot instead of a webhook", kPassed},
    Setting{"SLACK_CHANNEL", "", "none",
            "where the bot posts; SLACK_CHANNEL_PROD and so on, likewise", kPassed},
    Setting{"SLACK_SIGNING_SECRET", "", "none",
            "of that app: without it clicks on buttons are refused", kPassed},
    Setting{"TARGET_ALLOWED_CIDRS", "", "none",
            "networks of yours that the catalogue's providers may lead into, besides public "
            "addresses",
            kPassed},
    Setting{"INTERNAL_TRUSTED_CIDRS", "", "127.0.0.1,::1",
            "who may publish events for users; STAGE=prod has no default", kOurs, &networks},
    Setting{"WORKER_PROCESSES", "", "auto", "nginx's worker processes; auto is one for each core",
            kOurs, &workers},
    Setting{"NGINX_USER", "www-data", "",
            "whom nginx's workers run as when you are root; its group has the sockets"},
    Setting{"RUN_DIR", "./run", "",
            "configuration as rendered, pid files, logs, Redis' data; a link into "
            "/var/lib/notify-run where NGINX_USER cannot enter this folder",
            kOurs, &path},
};

}  // namespace

std::span<const Setting> setting_table() { return kTable; }

const Setting* find_row(std::string_view name) {
  const auto* const row = std::find_if(kTable.begin(), kTable.end(),
                                       [&](const Setting& one) { return one.name == name; });
  return row == kTable.end() ? nullptr : row;
}

Result<void> check_setting(const Setting& setting, std::string_view value) {
  if (setting.check == nullptr || value.empty()) {
    return {};
  }
  const auto checked = setting.check(value);
  return checked ? checked : invalid(std::string(setting.name) + ": " + checked.error().message);
}

std::string default_of(const Setting& setting, std::string_view run_dir) {
  constexpr std::string_view kRunDir = "RUN_DIR";
  std::string value(setting.fallback);
  if (const auto at = value.find(kRunDir); at != std::string::npos) {
    value.replace(at, kRunDir.size(), run_dir);
  }
  return value;
}

std::string settings_as_text() {
  std::string text;
  for (const Setting& row : kTable) {
    text += std::string(row.name) + "\t" + std::string(row.told_default()) + "\t" +
            std::string(row.help) + "\n";
  }
  return text;
}

std::string settings_as_help() {
  std::string text = "Settings, of the environment or of .env (default):\n";
  for (const Setting& row : kTable) {
    text += "  " + std::string(row.name) + " (" + std::string(row.told_default()) + ")\n      " +
            std::string(row.help) + "\n";
  }
  return text;
}

}  // namespace notify::ctl
