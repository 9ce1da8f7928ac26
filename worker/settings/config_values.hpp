#pragma once

// What the text of a setting may be. Each answers an empty text and has set its target, or says
// what is wrong with the value, without quoting it.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "worker/settings/config.hpp"

namespace notify::worker {

std::string set_count(unsigned& target, const std::string& value, unsigned least, unsigned most);
std::string set_time(milliseconds& target, const std::string& value, milliseconds least,
                     milliseconds most);
std::string set_rate(double& target, const std::string& value);
std::string set_environments(std::vector<Environment>& target, std::string_view value);
std::string set_log_level(redis::LogLevel& target, const std::string& value);
std::string take_text(std::string& target, const std::string& value);
std::string take_readable(std::string& target, const std::string& path);
std::string take_listen(std::string& setting, const std::string& value);
std::string take_networks(std::vector<Network>& target, const std::string& value);
std::string take_secret(std::string& target, const std::string& value);
std::string take_database_url(std::string& target, const std::string& value);
std::string set_log_format(LogFormat& target, const std::string& value);
std::string take_redis_url(RedisUrl& target, const std::string& value);
std::string take_app_env(std::string& target, const std::string& value);

}  // namespace notify::worker
