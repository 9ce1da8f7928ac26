#pragma once

// The table of the worker's settings: one row each, with its names, its default, what it is good
// for and what its values may be. Defaults are values like any other, and stand here alone.

#include <span>
#include <string>

#include "worker/settings/config.hpp"

namespace notify::worker {

enum class SettingKind { kPlain, kSecret };

struct Default {
  const char* value;  // nullptr: Config's member stays empty
  const char* told;   // how --help says it
};

struct Setting {
  const char* name;  // in the file; behind --, on the command line
  const char* env;
  Default fallback;
  const char* help;
  SettingKind kind;
  // Answers an empty text, or what is wrong with the value (without quoting it). nullptr: each
  // environment has one of its own, and check_slack() and its like judge it.
  std::string (*apply)(Config& config, const std::string& value);
};

std::span<const Setting> setting_table();

// A Config of the defaults. The error would be the table's fault; a test looks at it.
Result<Config> default_config();

// NAME of the environment, flag, default and help, separated by tabs: a line each.
std::string settings_as_text();

}  // namespace notify::worker
