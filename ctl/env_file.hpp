#pragma once

// Files of lines NAME=value: .env and RUN_DIR/credentials.env. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::ctl {

class EnvFile {
 public:
  // Blank lines and lines that begin with `#` are skipped, `export ` before a name is too. Single
  // quotes keep what stands between them; double ones know \" \\ \$ \n; without quotes a `#` after
  // a blank begins a comment. The error (kInvalid) names the line by its number and never quotes
  // it, since it may hold a secret.
  static Result<EnvFile> parse(std::string_view text);

  // Of a name that stands there twice the first value counts.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

  using Values = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] const Values& values() const { return values_; }  // in their order

 private:
  Values values_;
};

}  // namespace notify::ctl
