#pragma once

// What nginx's configuration opens: who can connect, and what they may do without a secret. Pure.

#include <string>
#include <vector>

#include "ctl/diagnosis.hpp"
#include "ctl/nginx_conf.hpp"

namespace notify::ctl {

enum class Reach { kMachine, kNetworks, kEverybody };

// Something that needs no secret.
struct OpenPlace {
  std::string what;      // "/metrics"
  std::string setting;   // of `make run`, that opens or closes it; or empty
  std::string networks;  // "127.0.0.1, ::1"; empty: all
  Reach reach = Reach::kEverybody;
};

struct Openness {
  std::vector<std::string> listens;  // of the servers that use the module
  Reach listen = Reach::kMachine;
  std::vector<OpenPlace> places;
};

// Of the servers that use the module; other systems are not looked at. Health is not told: anyone
// may ask for it.
Openness find_openness(const Directives& conf);

// A line each for `notifyctl doctor`. What strangers on other machines may do is a warning.
std::vector<Finding> judge_openness(const Openness& openness);

// "open: …", for the start.
std::string open_line(const Openness& openness);

}  // namespace notify::ctl
