// The worker's settings: file < environment < flag, errors that name setting and source, secrets
// that no error shows.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "worker/settings/config.hpp"
#include "worker/settings/config_file.hpp"
#include "worker/settings/config_table.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;
using std::chrono::milliseconds;

namespace {

using Variables = std::map<std::string, std::string>;

// A file of its own, gone with the object.
struct TempFile {
  explicit TempFile(const std::string& text) {
    char name[] = "/tmp/notify-config-XXXXXX";
    const int fd = mkstemp(name);
    path = name;
    std::ofstream(path, std::ios::binary) << text;
    if (fd >= 0) {
      close(fd);
    }
  }
  ~TempFile() { std::remove(path.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  std::string path;
};

Result<Loaded> load(std::vector<std::string> arguments, const Variables& variables = {}) {
  return load_config(std::move(arguments), [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string error_of(std::vector<std::string> arguments, const Variables& variables = {}) {
  const auto loaded = load(std::move(arguments), variables);
  return loaded ? "(no error)" : loaded.error().message;
}

START_TEST(defaults) {
  const auto loaded = load({});
  EXPECT(loaded.ok());
  const auto& config = loaded->config;
  EXPECT_EQ(config.redis.host, "127.0.0.1");
  EXPECT_EQ(config.redis.port, 6379);
  EXPECT_EQ(config.run_dir, "./run");
  EXPECT_EQ(config.environments.size(), 4U);
  EXPECT_EQ(config.environments[0].stream(), "dev_stream");
  EXPECT_EQ(config.environments[3].group(), "prod_stream_group");
  EXPECT_EQ(config.environments[1].consumer(), "test_stream_worker");
  EXPECT(!config.environments[0].slack.reachable());
  EXPECT_EQ(config.budget_burst, 30U);
  EXPECT_EQ(config.http_timeout.count(), 10'000);
  EXPECT_EQ(config.drain.count(), 5'000);
}
END_TEST

// The table is the only place of defaults: it must hold one for each member that needs one, and
// each must be a value that somebody could have set.
START_TEST(table_is_sound) {
  std::map<std::string, int> seen;
  for (const Setting& row : setting_table()) {
    EXPECT_EQ_ROW(row.name, ++seen[row.name], 1);
    EXPECT_EQ_ROW(row.env, ++seen[row.env], 1);
    EXPECT_ROW(row.name, row.fallback.told != nullptr && *row.fallback.told != '\0');
    if (row.fallback.value == nullptr) {
      continue;
    }
    const auto loaded = load({}, {{row.env, row.fallback.value}});
    EXPECT_ROW(row.name, loaded.ok());
  }
  const auto config = default_config();
  EXPECT(config.ok());
  const unsigned counts[] = {config->budget_burst,
                             config->concurrency,
                             config->prefetch,
                             config->destination_concurrency,
                             config->max_attempts,
                             config->catalog.threads,
                             config->catalog.backlog,
                             config->catalog.stream_length,
                             config->catalog.providers,
                             config->catalog.connections,
                             config->catalog.schema_steps,
                             config->catalog.template_steps,
                             config->catalog.template_bytes};
  for (const unsigned count : counts) {
    EXPECT(count > 0);
  }
  const milliseconds times[] = {config->http_timeout,
                                config->http_connect_timeout,
                                config->retry_initial,
                                config->retry_max,
                                config->drain,
                                config->queue_look,
                                config->queue_sweep,
                                config->queue_forget,
                                config->slack_actions_look,
                                config->reminder_after,
                                config->reminder_look,
                                config->catalog.patience,
                                config->catalog.token_ttl,
                                config->catalog.token_max_ttl,
                                config->catalog.sweep};
  for (const milliseconds time : times) {
    EXPECT(time.count() > 0);
  }
  EXPECT(config->budget_rate > 0);
  EXPECT(config->log_level == redis::LogLevel::kInfo);
  EXPECT_EQ(config->slack_api_url, "https://slack.com/api");
}
END_TEST

START_TEST(flag_beats_environment_beats_file) {
  const TempFile file(
      "# settings\n\nmax-attempts = 3\nprefetch = 4\nlog-level=debug\n"
      "redis-url = \"redis://:pa#ss@h:1/2\"  # quoted\n");
  const auto loaded =
      load({"--config", file.path, "--max-attempts", "5"},
           {{"NOTIFY_MAX_ATTEMPTS", "4"}, {"NOTIFY_PREFETCH", "6"}, {"NOTIFY_HTTP_TIMEOUT", ""}});
  EXPECT(loaded.ok());
  EXPECT_EQ(loaded->config.max_attempts, 5U);
  EXPECT_EQ(loaded->config.prefetch, 6U);
  EXPECT(loaded->config.log_level == redis::LogLevel::kDebug);
  EXPECT_EQ(loaded->config.redis.password, "pa#ss");
  EXPECT_EQ(loaded->config.redis.db, 2U);
  EXPECT_EQ(loaded->config.http_timeout.count(), 10'000);

  const auto named = load({}, {{"NOTIFY_WORKER_CONFIG", file.path}});
  EXPECT(named.ok());
  EXPECT_EQ(named->config.max_attempts, 3U);
}
END_TEST

START_TEST(webhooks_by_environment) {
  const TempFile file(
      "slack-webhook-url-test = https://h/file-test\n"
      "slack-webhook-url-dev = https://h/file-dev\n");
  const TempFile secret("https://h/from-file\nsecond line\n");
  const auto loaded = load({"--config", file.path, "--environments", "dev, test,prod,a-b"},
                           {{"SLACK_WEBHOOK_URL", "https://h/all"},
                            {"SLACK_WEBHOOK_URL_DEV", "https://h/env-dev"},
                            {"SLACK_WEBHOOK_URL_A_B", "file:" + secret.path}});
  EXPECT(loaded.ok());
  const auto& environments = loaded->config.environments;
  EXPECT_EQ(environments[0].slack.webhook, "https://h/env-dev");
  EXPECT_EQ(environments[1].slack.webhook, "https://h/file-test");
  EXPECT_EQ(environments[2].slack.webhook, "https://h/all");
  EXPECT_EQ(environments[3].slack.webhook, "https://h/from-file");

  const auto flag = load({"--slack-webhook-url", "file:" + secret.path},
                         {{"SLACK_WEBHOOK_URL", "https://h/all"}});
  EXPECT(flag.ok());
  EXPECT_EQ(flag->config.environments[0].slack.webhook, "https://h/from-file");
}
END_TEST

START_TEST(errors_name_setting_and_source) {
  const TempFile unknown("max-attempts = 3\n\nbogus = 1\n");
  const TempFile malformed("max-attempts 3\n");
  const TempFile out_of_range("drain = 2d\n");
  const TempFile foreign("slack-webhook-url-nowhere = https://h/x\n");
  const struct {
    std::vector<std::string> arguments;
    Variables variables;
    std::string error;
  } rows[] = {
      {{"--max-attempts", "x"},
       {},
       "max-attempts (command line): expected a number from 1 to 100, not \"x\""},
      {{},
       {{"NOTIFY_PREFETCH", "0"}},
       "prefetch (environment variable NOTIFY_PREFETCH): expected a number from 1 to 1000, "
       "not \"0\""},
      {{"--config", unknown.path}, {}, unknown.path + ", line 3: unknown setting `bogus`"},
      {{"--config", foreign.path},
       {},
       foreign.path + ", line 1: unknown setting `slack-webhook-url-nowhere`"},
      {{"--config", malformed.path},
       {},
       "config: " + malformed.path + ", line 1: expected `name = value`"},
      {{"--config", out_of_range.path},
       {},
       "drain (" + out_of_range.path +
           ", line 1): expected a time such as 500ms, 10s or 5m, from "
           "0ms to 3600s, not \"2d\""},
      {{"--config", "/nonexistent/file"},
       {},
       "config: cannot open /nonexistent/file: No such file or directory"},
      {{"--budget-rate", "nan"},
       {},
       "budget-rate (command line): expected a number from 0.001 to 10000, not \"nan\""},
      {{"--budget-rate", "1e3"},
       {},
       "budget-rate (command line): expected a number from 0.001 to 10000, not \"1e3\""},
      {{},
       {{"SSL_CERT_FILE", "/nonexistent.pem"}},
       "ca-file (environment variable SSL_CERT_FILE): expected a file that can be read, not "
       "\"/nonexistent.pem\""},
      {{"--log-level", "loud"},
       {},
       "log-level (command line): expected debug, info, notice, warning or error, not \"loud\""},
      {{"--environments", "dev,dev"},
       {},
       "environments (command line): environment \"dev\" is duplicate, not \"dev,dev\""},
      {{"--environments", " , "},
       {},
       "environments (command line): expected 1 to 100 names, separated by commas, not \" , \""},
      {{"--retry-initial", "10m"}, {}, "retry-max is less than retry-initial"},
      {{"--unknown"}, {}, "command line: unknown flag --unknown"},
      {{},
       {{"SLACK_WEBHOOK_URL", "env:NOTIFY_TEST_NO_SUCH"}},
       "slack-webhook-url (environment variable SLACK_WEBHOOK_URL): environment variable "
       "\"NOTIFY_TEST_NO_SUCH\" is not set"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.error, error_of(row.arguments, row.variables), row.error);
  }
}
END_TEST

START_TEST(errors_show_no_secret) {
  const TempFile file("slack-webhook-url = \"https://SECRET\n");
  const TempFile bare("https://SECRET\n");
  const TempFile twice("redis-url = redis://:SECRET@h\nredis-url = redis://:SECRET@h\n");
  const struct {
    std::vector<std::string> arguments;
    Variables variables;
  } rows[] = {
      {{"--redis-url", "redis://:SECRET@h:port"}, {}},
      {{"--redis-url=rediss://:SECRET@h"}, {}},
      {{}, {{"REDIS_URL", "SECRET"}}},
      {{}, {{"SLACK_WEBHOOK_URL", "SECRET"}}},
      {{}, {{"SLACK_WEBHOOK_URL", "ftp://h/SECRET"}}},
      {{}, {{"SLACK_WEBHOOK_URL", "https://h:99999/SECRET"}}},
      {{}, {{"SLACK_WEBHOOK_URL", "https://h/SECRET with blank"}}},
      {{},
       {{"SLACK_WEBHOOK_URL_DEV", "file:///SECRET\xff://"},
        {"SLACK_WEBHOOK_URL", "gopher://SECRET"}}},
      {{"--slack-webhook-url", "https://h/SECRET"}, {}},
      {{"--slack-webhook-url=https://h/SECRET"}, {}},
      {{"--slack-webhook", "https://h/SECRET"}, {}},
      {{"--slack-webhook=https://h/SECRET"}, {}},
      {{"https://h/SECRET"}, {}},
      {{"--config", file.path}, {}},
      {{"--config", bare.path}, {}},
      {{"--config", twice.path}, {}},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const auto error = error_of(rows[i].arguments, rows[i].variables);
    EXPECT_ROW(i, error != "(no error)");
    // The path of a file is no secret, what stands behind `file:` is a path.
    const auto where = error.find("SECRET");
    EXPECT_ROW(std::to_string(i) + " " + error,
               where == std::string::npos || error.find("cannot open \"///SECRET") != error.npos);
  }
}
END_TEST

START_TEST(file_is_read_strictly) {
  const struct {
    std::string text;
    const char* error;  // nullptr: none
  } rows[] = {
      {"", nullptr},
      {"\n\n  # only\n\t\n", nullptr},
      {"a=1", nullptr},
      {"a = \"x # y\" # comment\r\n", nullptr},
      {"a = \"x \\\" \\\\\"", nullptr},
      {"a = ", nullptr},
      {"a = \"x", "line 1: malformed quoted value of `a`"},
      {"a = \"x\" y", "line 1: malformed quoted value of `a`"},
      {"a = \"\\n\"", "line 1: malformed quoted value of `a`"},
      {"a = \"\\", "line 1: malformed quoted value of `a`"},
      {"\na", "line 2: expected `name = value`"},
      {"[section]\n", "line 1: expected `name = value`"},
      {"= 1", "line 1: not the name of a setting before `=`"},
      {"a b = 1", "line 1: not the name of a setting before `=`"},
      {"a=1\na=2", "line 2: `a` is duplicate"},
      {std::string("a=\0", 3), "line 1: holds a NUL"},
      {"\xff\xfe = 1", "line 1: not the name of a setting before `=`"},
  };
  for (const auto& row : rows) {
    const auto values = parse_config_text(row.text);
    EXPECT_EQ_ROW(row.text, values ? "" : values.error().message,
                  row.error == nullptr ? "" : row.error);
  }
  const auto values = parse_config_text("a = \"x # y\" # comment\r\nb = x # y\nc = \"\\\"\\\\\"");
  EXPECT_EQ(values->at("a").value, "x # y");
  EXPECT_EQ(values->at("b").value, "x # y");
  EXPECT_EQ(values->at("c").value, "\"\\");
  EXPECT_EQ(values->at("c").line, 3U);
}
END_TEST

START_TEST(help_lists_every_setting) {
  const auto loaded = load({"--help"});
  EXPECT(loaded.ok() && loaded->print.has_value());
  for (const char* name : {"--redis-url", "REDIS_URL", "SLACK_WEBHOOK_URL", "--drain", "--config",
                           "NOTIFY_ENVIRONMENTS", "--ready-file", "--pid-file", "RUN_DIR"}) {
    EXPECT_ROW(name, loaded->print->find(name) != std::string::npos);
  }
  const auto table = load({"--settings"});
  EXPECT(table.ok() && table->print.has_value());
  EXPECT(table->print->find("\nNOTIFY_PREFETCH\t--prefetch\t32\t") != std::string::npos);
}
END_TEST

}  // namespace

CHECK_MAIN("worker config", defaults, table_is_sound, flag_beats_environment_beats_file,
           webhooks_by_environment, errors_name_setting_and_source, errors_show_no_secret,
           file_is_read_strictly, help_lists_every_setting)
