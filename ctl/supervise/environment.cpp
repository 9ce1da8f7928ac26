#include "ctl/supervise/environment.hpp"

#include <unistd.h>

namespace notify::ctl {

Environment Environment::of_this_process() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      result.values_.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  for (const char* name : {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}) {
    result.values_.erase(name);
  }
  return result;
}

std::string Environment::get(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

void Environment::set(std::string_view name, std::string_view value) {
  values_.insert_or_assign(std::string(name), std::string(value));
}

void Environment::add_missing(const EnvFile& file) {
  for (const auto& [name, value] : file.values()) {
    if (get(name).empty()) {
      set(name, value);
    }
  }
}

std::vector<std::string> Environment::entries() const {
  std::vector<std::string> entries;
  entries.reserve(values_.size());
  for (const auto& [name, value] : values_) {
    entries.push_back(name + "=" + value);
  }
  return entries;
}

}  // namespace notify::ctl
