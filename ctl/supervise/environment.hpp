#pragma once

// The environment of the processes that are started: this one's, with what .env and the made
// secrets add to it. As everywhere in notifyctl, an empty variable is as good as none.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/env_file.hpp"

namespace notify::ctl {

class Environment {
 public:
  static Environment of_this_process();  // without what make has added for itself

  [[nodiscard]] std::string get(std::string_view name) const;  // empty: there is none
  void set(std::string_view name, std::string_view value);
  void add_missing(const EnvFile& file);
  [[nodiscard]] std::vector<std::string> entries() const;  // NAME=value

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace notify::ctl
