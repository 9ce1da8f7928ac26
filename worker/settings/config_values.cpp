#include "worker/settings/config_values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "shared/base/secret.hpp"
#include "shared/base/text.hpp"
#include "shared/sql/database_url.hpp"

namespace notify::worker {
namespace {

bool is_environment_name(std::string_view name) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kCharacters) == name.npos;
}

}  // namespace

std::string set_count(unsigned& target, const std::string& value, unsigned least, unsigned most) {
  const auto number = parse_u64(value);
  if (!number || *number < least || *number > most) {
    return "expected a number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  target = static_cast<unsigned>(*number);
  return {};
}

std::string set_time(milliseconds& target, const std::string& value, milliseconds least,
                     milliseconds most) {
  const auto time = parse_duration(value);
  if (!time || *time < least || *time > most) {
    return "expected a time such as 500ms, 10s or 5m, from " + std::to_string(least.count()) +
           "ms to " + std::to_string(most.count() / 1000) + "s";
  }
  target = *time;
  return {};
}

std::string set_rate(double& target, const std::string& value) {
  double rate = 0;
  const auto* end = value.data() + value.size();
  const auto result = std::from_chars(value.data(), end, rate, std::chars_format::fixed);
  // Not `rate < …`: that would let NaN pass.
  if (result.ec != std::errc{} || result.ptr != end || !(rate >= 0.001 && rate <= 10'000)) {
    return "expected a number from 0.001 to 10000";
  }
  target = rate;
  return {};
}

std::string set_environments(std::vector<Environment>& target, std::string_view value) {
  std::vector<Environment> environments;
  while (!value.empty()) {
    const auto end = value.find_first_of(", ");
    const auto name = trim(value.substr(0, end));
    value.remove_prefix(end == value.npos ? value.size() : end + 1);
    if (name.empty()) {
      continue;
    }
    if (!is_environment_name(name)) {
      return "an environment's name holds letters, digits, `-` and `_`, 64 at most";
    }
    if (std::any_of(environments.begin(), environments.end(),
                    [name](const Environment& known) { return known.name == name; })) {
      return "environment \"" + std::string(name) + "\" is duplicate";
    }
    environments.push_back({std::string(name), {}});
  }
  if (environments.empty() || environments.size() > 100) {
    return "expected 1 to 100 names, separated by commas";
  }
  target = std::move(environments);
  return {};
}

std::string set_log_level(redis::LogLevel& target, const std::string& value) {
  constexpr std::array kNames{"debug", "info", "notice", "warning", "error"};
  const auto found = std::find(kNames.begin(), kNames.end(), value);
  if (found == kNames.end()) {
    return "expected debug, info, notice, warning or error";
  }
  target = static_cast<redis::LogLevel>(found - kNames.begin());
  return {};
}

std::string set_log_format(LogFormat& target, const std::string& value) {
  target = value == "json" ? LogFormat::kJson : LogFormat::kText;
  return value == "json" || value == "text" ? "" : "expected text or json";
}

std::string take_redis_url(RedisUrl& target, const std::string& value) {
  auto url = parse_redis_url(value);
  if (!url) {
    return url.error().message;
  }
  target = std::move(*url);
  return {};
}

std::string take_text(std::string& target, const std::string& value) {
  target = value;
  return {};
}

// Found out at start, not at the first delivery.
std::string take_readable(std::string& target, const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return "expected a file that can be read";
  }
  return take_text(target, path);
}

// What is listened on: numbers only, so that a start asks no name server.
std::string take_listen(std::string& setting, const std::string& value) {
  constexpr std::size_t kMostPath = 107;  // of a Unix socket
  constexpr std::string_view kUnix = "unix:";
  if (value.starts_with(kUnix)) {
    const std::size_t size = value.size() - kUnix.size();
    if (value[kUnix.size()] != '/' || size > kMostPath) {
      return "expected unix:/path, of at most 107 bytes";
    }
    setting = value;
    return "";
  }
  const std::size_t colon = value.rfind(':');
  std::string address = value.substr(0, colon);
  const bool brackets = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (brackets) {
    address = address.substr(1, address.size() - 2);
  }
  unsigned port = 0;
  const char* end = value.data() + value.size();
  const char* begin = colon == std::string::npos ? end : value.data() + colon + 1;
  const auto [stop, fault] = std::from_chars(begin, end, port);
  unsigned char bytes[16];
  if (fault != std::errc() || stop != end || port == 0 || port > 65535 ||
      ::inet_pton(brackets ? AF_INET6 : AF_INET, address.c_str(), bytes) != 1) {
    return "expected ADDRESS:PORT, [ADDRESS]:PORT or unix:/path, the address in numbers";
  }
  setting = value;
  return "";
}

std::string take_networks(std::vector<Network>& target, const std::string& value) {
  auto networks = parse_networks(value);
  if (!networks) {
    return networks.error().message;
  }
  target = std::move(*networks);
  return {};
}

std::string take_secret(std::string& target, const std::string& value) {
  auto secret = resolve_secret(value);
  if (!secret) {
    return secret.error().message;
  }
  target = std::move(*secret);
  return {};
}

std::string take_database_url(std::string& target, const std::string& value) {
  if (auto problem = take_secret(target, value); !problem.empty()) {
    return problem;
  }
  const auto url = sql::parse_database_url(target);
  return url ? std::string() : url.error().message;
}

// Stands in API keys and in keys of Redis.
std::string take_app_env(std::string& target, const std::string& value) {
  return is_environment_name(value) ? take_text(target, value)
                                    : "expected letters, digits, `-` and `_`, 64 at most";
}

}  // namespace notify::worker
