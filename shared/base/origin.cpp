#include "shared/base/origin.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text.hpp"

namespace notify::origin {
namespace {

struct Scheme {
  std::string_view prefix;
  std::string_view port;  // its own, which nobody writes
};

constexpr std::array kSchemes{Scheme{"http://", ":80"}, Scheme{"https://", ":443"}};

const Scheme* scheme_of(std::string_view text) {
  for (const Scheme& each : kSchemes) {
    if (text.size() > each.prefix.size() &&
        iequals(text.substr(0, each.prefix.size()), each.prefix)) {
      return &each;
    }
  }
  return nullptr;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

bool is_ipv6(std::string_view text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' &&
         text.find_first_not_of("0123456789abcdefABCDEF:.", 1) == text.size() - 1;
}

// host[:port]
bool is_authority(std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = text.substr(0, has_port ? colon : text.size());
  return (is_name(host) || is_ipv6(host)) && (!has_port || is_port(text.substr(colon + 1)));
}

std::string_view without_port(std::string_view authority, std::string_view port) {
  authority.remove_suffix(authority.ends_with(port) ? port.size() : 0);
  return authority;
}

}  // namespace

std::optional<std::string> parse(std::string_view text) {
  const Scheme* scheme = scheme_of(text);
  if (scheme == nullptr || !is_authority(text.substr(scheme->prefix.size()))) {
    return std::nullopt;
  }
  return to_lower(without_port(text, scheme->port));
}

bool is_host(std::string_view origin, std::string_view host) {
  const Scheme* scheme = scheme_of(origin);
  return scheme != nullptr && !host.empty() &&
         iequals(origin.substr(scheme->prefix.size()), without_port(host, scheme->port));
}

bool is_fixed_host(std::string_view host) {
  if (is_ipv6(host)) {
    return true;
  }
  const std::string name = to_lower(host);
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  const bool number =
      !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
  return number || last == "localhost";
}

}  // namespace notify::origin
