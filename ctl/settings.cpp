#include "ctl/settings.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace notify::ctl {
namespace {

// Empty is as good as unset.
std::optional<std::string> from_environment(const EnvFile& dot_env, std::string_view name) {
  const std::string variable(name);
  if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value != '\0') {
    return std::string(value);
  }
  if (const auto value = dot_env.find(name); value && !value->empty()) {
    return std::string(*value);
  }
  return std::nullopt;
}

// No such file: an empty one, and kNotFound is not an error.
Result<EnvFile> read_env_file(const std::string& path, bool* found) {
  const auto text = read_file(path);
  *found = text.ok();
  if (!text) {
    return text.error().kind == ErrorKind::kNotFound ? Result<EnvFile>(EnvFile()) : text.error();
  }
  auto file = EnvFile::parse(*text);
  if (!file) {
    return invalid(path + " " + file.error().message);
  }
  return file;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  std::string text;
  if (file) {
    char buffer[4096];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, file.get())) {
      text.append(buffer, got);
    }
    if (std::ferror(file.get()) == 0) {
      return text;
    }
  }
  const int error = errno;
  return Error{error == ENOENT || error == ENOTDIR ? ErrorKind::kNotFound : ErrorKind::kInvalid,
               "cannot read " + path + ": " + std::strerror(error)};
}

Result<Settings> load_settings(std::optional<std::string> redis_url,
                               std::optional<std::string> run_dir) {
  bool found = false;
  auto dot_env = read_env_file(".env", &found);
  if (!dot_env) {
    return dot_env.error();
  }
  if (!redis_url) {
    redis_url = from_environment(*dot_env, "REDIS_URL");
  }
  if (!run_dir) {
    run_dir = from_environment(*dot_env, "RUN_DIR");
  }
  return Settings{redis_url.value_or("redis://127.0.0.1:6379/0"), run_dir.value_or("./run"),
                  std::move(*dot_env)};
}

std::optional<std::string> find_setting(const Settings& settings, std::string_view name) {
  return from_environment(settings.dot_env, name);
}

Result<std::string> find_secret(const Settings& settings, std::string_view name) {
  if (auto value = from_environment(settings.dot_env, name)) {
    return std::move(*value);
  }
  bool found = false;
  const auto file = read_env_file(settings.credentials_path(), &found);
  if (!file) {
    return file.error();
  }
  const auto value = file->find(name);
  if (!value || value->empty()) {
    return Error{ErrorKind::kNotFound,
                 std::string(name) + " is neither in the environment nor in " +
                     settings.credentials_path() +
                     (found ? "" : ", a file that `make run` makes (--run-dir says where)")};
  }
  return std::string(*value);
}

std::string key_store_path(const Settings& settings) {
  return from_environment(settings.dot_env, "AUTH_STORE_DIR").value_or(settings.run_dir + "/auth");
}

void complain(std::string_view text) {
  std::fflush(stdout);
  std::fprintf(stderr, "notifyctl: %.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace notify::ctl
