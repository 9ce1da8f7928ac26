#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctl/env_file.hpp"
#include "shared/base/result.hpp"

namespace notify::ctl {

// What all commands share. As for `make run`, the environment wins over .env in the current folder.
struct Settings {
  std::string redis_url;
  std::string run_dir;
  EnvFile dot_env;

  [[nodiscard]] std::string credentials_path() const { return run_dir + "/credentials.env"; }
};

// An option wins over REDIS_URL and RUN_DIR in the environment, these over .env, that over
// redis://127.0.0.1:6379/0 and ./run. Fails only if .env is there and cannot be read.
Result<Settings> load_settings(std::optional<std::string> redis_url,
                               std::optional<std::string> run_dir);

// A setting of the environment, else of .env. Empty is as good as unset.
std::optional<std::string> find_setting(const Settings& settings, std::string_view name);

// The value of a secret (API_TOKEN, JWT_SECRET): the environment, else .env, else
// RUN_DIR/credentials.env, where `make run` keeps what it made. Errors tell where it was looked
// for, and never a value.
Result<std::string> find_secret(const Settings& settings, std::string_view name);

// The folder of the API keys: AUTH_STORE_DIR in the environment, else in .env, else RUN_DIR/auth.
std::string key_store_path(const Settings& settings);

// The whole file. kNotFound if there is none.
Result<std::string> read_file(const std::string& path);

// "notifyctl: <text>" on stderr.
void complain(std::string_view text);

}  // namespace notify::ctl
