#pragma once

// Lists of ports, addresses, networks and origins, as settings have them: separated by commas or
// blanks. Pure. Errors quote what is wrong and say what would be right; the setting's name is the
// caller's to put in front.

#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::ctl {

using Words = std::vector<std::string>;

Words split_list(std::string_view text, std::string_view separators = ", \t\r\n");
std::string join(const Words& words, std::string_view separator);

// Distinct numbers of TCP ports.
Result<Words> parse_ports(std::string_view text);

// What of IPv6 the machine has.
struct Network6 {
  bool loopback = false;
  bool any = false;
};

// Addresses as nginx' `listen` writes them, each once. `localhost` is this machine alone, `*` every
// address; an empty list is `localhost`.
Result<Words> parse_listen_addresses(std::string_view text, Network6 network6);

// Addresses or networks in CIDR notation; also as a list of JSON.
Result<Words> parse_networks(std::string_view text);

// Origins of web pages, as browsers say them: https://app.example.org, http://localhost:3000.
Result<Words> parse_origins(std::string_view text);

}  // namespace notify::ctl
