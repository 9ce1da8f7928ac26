#pragma once

// The settings of `notifyctl up`, and so of `make run`: one row each, with its default, its check
// and what it is good for. `notifyctl up --settings` prints the table; `make check` compares it
// with the README's. Pure.

#include <span>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::ctl {

enum class SettingKind {
  kOurs,    // checked and used by `notifyctl up`
  kSecret,  // made on the first run where nobody sets it, and kept
  kPassed,  // the worker's or nginx's: passed to them as it is, and checked there
};

struct Setting {
  std::string_view name;
  std::string_view fallback;  // RUN_DIR stands for its value; empty: none, or one of the moment
  std::string_view shown;  // the default as it is told where `fallback` does not say it; or empty
  std::string_view help;
  SettingKind kind = SettingKind::kOurs;
  // Is this a value of it? nullptr: any is. The error has no name of the setting.
  Result<void> (*check)(std::string_view value) = nullptr;

  [[nodiscard]] std::string_view told_default() const { return shown.empty() ? fallback : shown; }
};

std::span<const Setting> setting_table();

// The row of that name; nullptr: there is none.
const Setting* find_row(std::string_view name);

// "NAME: why" of the first one that has a value that it cannot have.
Result<void> check_setting(const Setting& setting, std::string_view value);

// The default, where `run_dir` is RUN_DIR.
std::string default_of(const Setting& setting, std::string_view run_dir);

// NAME, default and help, separated by tabs: a line each.
std::string settings_as_text();

// The same for --help: aligned, and told in full.
std::string settings_as_help();

}  // namespace notify::ctl
