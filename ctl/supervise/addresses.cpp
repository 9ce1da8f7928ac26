#include "ctl/supervise/addresses.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "shared/base/origin.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool holds(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The text without the brackets around it, where it has both.
std::string_view without_brackets(std::string_view text) {
  const bool both = text.size() > 2 && text.front() == '[' && text.back() == ']';
  return both ? text.substr(1, text.size() - 2) : text;
}

// In the one form that an address has among several; IPv6 in brackets.
std::optional<std::string> normal_address(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> space{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), bytes.data()) == 1) {
    return std::string(::inet_ntop(AF_INET, bytes.data(), space.data(), space.size()));
  }
  if (::inet_pton(AF_INET6, std::string(without_brackets(text)).c_str(), bytes.data()) == 1) {
    return "[" + std::string(::inet_ntop(AF_INET6, bytes.data(), space.data(), space.size())) + "]";
  }
  return std::nullopt;
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  unsigned bits = 0;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
    bits = 32;
  } else if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    bits = 128;
  } else {
    return false;
  }
  if (slash == std::string_view::npos) {
    return true;
  }
  const auto prefix = text.substr(slash + 1);
  const auto number = parse_u64(prefix);
  return prefix.size() <= 3 && number && *number <= bits;
}

bool is_port(std::string_view text) {
  const auto number = parse_u64(text);
  return text.size() <= 5 && number && *number >= 1 && *number <= 65535;
}

}  // namespace

Words split_list(std::string_view text, std::string_view separators) {
  Words words;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) {
      return words;
    }
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(separators), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string join(const Words& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? std::string_view() : separator);
    text += word;
  }
  return text;
}

Result<Words> parse_ports(std::string_view text) {
  Words ports;
  for (const std::string& word : split_list(text)) {
    if (!is_port(word)) {
      return invalid(quoted(word) + " is not a port number");
    }
    auto port = std::to_string(*parse_u64(word));
    if (holds(ports, port)) {
      return invalid("port " + port + " is there twice");
    }
    ports.push_back(std::move(port));
  }
  return ports;
}

Result<Words> parse_listen_addresses(std::string_view text, Network6 network6) {
  Words words = split_list(text);
  if (words.empty()) {
    words.emplace_back("localhost");
  }
  Words found;
  const auto add = [&found](std::string address) {
    if (!holds(found, address)) {
      found.push_back(std::move(address));
    }
  };
  for (const std::string& word : words) {
    if (word == "localhost") {
      add("127.0.0.1");
      if (network6.loopback) {
        add("[::1]");
      }
    } else if (word == "*") {
      add("0.0.0.0");
      if (network6.any) {
        add("[::]");
      }
    } else if (auto address = normal_address(word)) {
      add(std::move(*address));
    } else {
      return invalid(quoted(word) +
                     " is not an address of this machine such as 127.0.0.1 or [::1], nor * for all "
                     "of them; LISTEN_PORTS has the ports");
    }
  }
  return found;
}

Result<Words> parse_networks(std::string_view text) {
  Words networks = split_list(text, "][,\" \t\r\n");
  for (const std::string& network : networks) {
    if (!is_network(network)) {
      return invalid(quoted(network) + " is not an address or network such as 10.0.0.0/8");
    }
  }
  return networks;
}

Result<Words> parse_origins(std::string_view text) {
  Words origins = split_list(text);
  for (std::string& word : origins) {
    std::optional<std::string> origin = origin::parse(word);
    if (!origin) {
      return invalid(quoted(word) + " is no origin such as https://app.example.org");
    }
    word = *std::move(origin);
  }
  return origins;
}

}  // namespace notify::ctl
