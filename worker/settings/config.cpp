#include "worker/settings/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>

#include "shared/base/secret.hpp"
#include "shared/base/url_password.hpp"
#include "shared/sql/database_url.hpp"
#include "worker/settings/config_file.hpp"
#include "worker/settings/config_slack.hpp"
#include "worker/settings/config_table.hpp"

namespace notify::worker {
namespace {

constexpr const char* kDefaultFile = "/etc/notify/worker.conf";

// Every user of the machine can read a command line. A URL may stand there without a password.
bool shows_secret(const Setting& setting, const std::string& value) {
  if (setting.kind != SettingKind::kSecret || value.starts_with("env:") ||
      value.starts_with("file:")) {
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
  std::vector<std::optional<std::string>> flags_{setting_table().size()};  // as the table
  std::string file_name_;
  std::map<std::string, FileValue, std::less<>> file_;
  Loaded loaded_;
};

Result<Loaded> Loader::load() {
  auto defaults = default_config();
  if (!defaults) {
    return defaults.error();
  }
  loaded_.config = std::move(*defaults);
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
    for (std::size_t i = 0; i < flags_.size(); ++i) {
      const auto& setting = setting_table()[i];
      app.add_option(std::string("--") + setting.name, flags_[i],
                     std::string(setting.help) + " [" + setting.env + "; default " +
                         setting.fallback.told + "]")
          ->type_name("VALUE");
    }
    bool settings = false;
    app.add_flag("--settings", settings, "print the table of settings and leave");
    app.allow_extras();  // its own complaint would quote a value, which may be a secret
    std::reverse(arguments_.begin(), arguments_.end());  // as CLI11 wants them
    app.parse(arguments_);
    for (const auto& argument : app.remaining()) {
      return invalid(argument.starts_with('-')
                         ? "command line: unknown flag " + argument.substr(0, argument.find('='))
                         : "command line: expected a flag before each value");
    }
    if (settings) {
      loaded_.print = settings_as_text();
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
  for (const auto& setting : setting_table()) {
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
        return error(setting.name, *given,
                     setting.kind == SettingKind::kSecret
                         ? problem
                         : problem + ", not \"" + given->value + "\"");
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
  const auto table = setting_table();
  const auto setting = std::find_if(table.begin(), table.end(),
                                    [&name](const Setting& row) { return row.name == name; });
  const auto general = look_up(*setting);
  const auto& flag = flags_[static_cast<std::size_t>(setting - table.begin())];
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
  const auto index = static_cast<std::size_t>(&setting - setting_table().data());
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
