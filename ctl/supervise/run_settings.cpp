#include "ctl/supervise/run_settings.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ctl/supervise/files.hpp"
#include "ctl/supervise/setting_table.hpp"
#include "shared/auth/weak_password.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::uint64_t number_behind(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) {
    return 0;
  }
  const Words words = split_list(text.substr(at + label.size(), 64), " \t\n");
  return words.empty() ? 0 : parse_u64(words[0]).value_or(0);
}

// Bytes; those of the container, where it has a limit.
std::uint64_t memory_of_machine() {
  const auto facts = read_file("/proc/meminfo");
  std::uint64_t all = facts ? number_behind(*facts, "MemTotal:") * 1024 : 0;
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const auto text = read_file(path);
    const auto limit = text ? parse_u64(trim(*text)) : std::nullopt;
    if (limit && *limit < all) {
      all = *limit;
    }
  }
  return all;
}

// Of the Redis that we start: a quarter of the memory, since its forks and nginx need some, too.
std::string default_maxmemory() {
  return std::to_string(std::max<std::uint64_t>(memory_of_machine() / 4 / 1048576, 1)) + "mb";
}

Network6 network6() {
  const auto text = read_file("/proc/net/if_inet6");
  Network6 result;
  if (text) {
    result.any = !text->empty();
    const std::string one = std::string(31, '0') + "1 ";
    result.loopback = text->starts_with(one) || text->find("\n" + one) != std::string::npos;
  }
  return result;
}

// Defaults, and each by itself.
Result<void> check_rows(RunSettings& settings) {
  Environment& environment = settings.environment;
  for (const Setting& row : setting_table()) {
    const std::string value = environment.get(row.name);
    if (const auto checked = check_setting(row, value); !checked) {
      return checked;
    }
    // Those below RUN_DIR wait for where that will be: see set_places().
    if (value.empty() && row.fallback.find("RUN_DIR") == std::string_view::npos) {
      environment.set(row.name, row.fallback);
    }
  }
  if (settings.get("REDIS_MAXMEMORY").empty()) {
    environment.set("REDIS_MAXMEMORY", default_maxmemory());
  }
  return {};
}

// Those that depend on each other.
Result<void> check_together(const RunSettings& settings) {
  for (const auto& [set, other] : {std::pair("TLS_CERT", "TLS_KEY"), {"TLS_KEY", "TLS_CERT"}}) {
    if (!settings.get(set).empty() && settings.get(other).empty()) {
      return invalid(std::string(other) + ": " + set + " is set, this is not");
    }
  }
  return {};
}

// The lists were checked with their rows.
void take_apart(RunSettings& settings) {
  settings.redis = *parse_redis_url(settings.get("REDIS_URL"));
  settings.listen_addresses = *parse_listen_addresses(settings.get("LISTEN_ADDRESS"), network6());
  settings.ports = *parse_ports(settings.get("LISTEN_PORTS"));
  settings.tls_ports = *parse_ports(settings.get("LISTEN_TLS_PORTS"));
  settings.trusted_networks = *parse_networks(settings.get("INTERNAL_TRUSTED_CIDRS"));
  settings.origins = *parse_origins(settings.get("NOTIQ_ORIGINS"));
}

}  // namespace

std::string absolute_path(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  const auto result = std::filesystem::weakly_canonical(absolute, error);
  std::string text = error ? absolute.lexically_normal().string() : result.string();
  while (text.size() > 1 && text.back() == '/') {
    text.pop_back();
  }
  return text;
}

void set_places(RunSettings& settings) {
  settings.environment.set("RUN_DIR", settings.run_dir);
  for (const std::string_view name : {"AUTH_STORE_DIR", "DATABASE_URL"}) {
    if (settings.get(name).empty()) {
      settings.environment.set(name, default_of(*find_row(name), settings.run_dir));
    }
  }
  settings.environment.set("AUTH_STORE_DIR", absolute_path(settings.get("AUTH_STORE_DIR")));
}

Result<RunSettings> find_run_settings(const Settings& settings, const std::string& source) {
  RunSettings found;
  found.environment = Environment::of_this_process();
  found.environment.add_missing(settings.dot_env);
  const Setting* const run_dir = find_row("RUN_DIR");
  found.run_dir_is_chosen = settings.run_dir != run_dir->fallback;
  found.run_dir = absolute_path(settings.run_dir);
  found.source = absolute_path(source);
  std::error_code error;
  found.build = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  if (const auto checked = check_setting(*run_dir, found.run_dir); !checked) {
    return checked.error();
  }
  found.environment.set("REDIS_URL", settings.redis_url);
  found.redis_password_is_given = !found.get("REDIS_PASSWORD").empty();
  if (const auto checked = check_rows(found); !checked) {
    return checked.error();
  }
  take_apart(found);
  if (found.ports.empty()) {
    return invalid("LISTEN_PORTS: name a port such as 8080");
  }
  if (const auto checked = check_together(found); !checked) {
    return checked.error();
  }
  return found;
}

Result<void> find_secrets(RunSettings& settings) {
  const std::string path = settings.run_dir + "/credentials.env";
  const auto text = read_file(path);
  if (!text && text.error().kind != ErrorKind::kNotFound) {
    return text.error();
  }
  std::string kept = text ? *text : std::string();
  const auto file = EnvFile::parse(kept);
  if (!file) {
    return invalid(path + " " + file.error().message);
  }
  settings.environment.add_missing(*file);
  std::string made;
  for (const Setting& row : setting_table()) {
    if (row.kind == SettingKind::kSecret && settings.get(row.name).empty()) {
      const std::string value = random_hex(kSecretBytes);
      settings.environment.set(row.name, value);
      made += std::string(row.name) + "=" + value + "\n";
    }
  }
  if (text) {
    ::chmod(path.c_str(), 0600);
  }
  if (made.empty()) {
    return {};
  }
  if (!kept.empty() && kept.back() != '\n') {
    kept += '\n';
  }
  return write_file(path, kept + made, 0600);
}

Result<void> check_stage(const RunSettings& settings, std::string& warning) {
  const auto weakness =
      password_weakness(settings.get("NOTIQ_ADMIN_USERNAME"), settings.get("NOTIQ_ADMIN_PASSWORD"));
  if (!weakness.empty()) {
    const std::string why = "NOTIQ_ADMIN_PASSWORD: " + std::string(weakness);
    if (settings.in_production()) {
      return invalid(why + "; STAGE=prod needs a better one, such as `openssl rand -hex 16` makes");
    }
    warning = why + "; good enough for development alone";
  }
  // `dev-secret` is the default of the service that the users' part replaces.
  if (const std::string& secret = settings.get("JWT_SECRET");
      settings.in_production() && is_well_known(secret)) {
    return invalid(
        "JWT_SECRET: it is well known, and anyone can sign with it; STAGE=prod needs another one, "
        "such as `openssl rand -hex 32` makes");
  }
  // In production another machine than this one publishes events, and nobody guesses which.
  if (settings.in_production() && settings.trusted_networks.empty()) {
    return invalid(
        "INTERNAL_TRUSTED_CIDRS: STAGE=prod needs the networks that may publish events for users, "
        "such as 10.1.2.0/24; for this machine alone it is 127.0.0.1,::1");
  }
  return {};
}

}  // namespace notify::ctl
