#include "worker/net/target_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kMostNetworks = 100;

struct Block {
  std::array<std::uint8_t, 4> start;
  unsigned bits;
};

// What is not "globally reachable" in IANA's registry of special IPv4 addresses, multicast, and the
// one metadata service that has a public address.
constexpr std::array<Block, 17> kClosed4{{
    {{0, 0, 0, 0}, 8},         // this network; 0.0.0.0 is the machine itself
    {{10, 0, 0, 0}, 8},        // private
    {{100, 64, 0, 0}, 10},     // shared by customers of a carrier
    {{127, 0, 0, 0}, 8},       // loopback
    {{168, 63, 129, 16}, 32},  // Azure's metadata
    {{169, 254, 0, 0}, 16},    // link-local; metadata of most clouds
    {{172, 16, 0, 0}, 12},     // private
    {{192, 0, 0, 0}, 24},      // protocol assignments; Oracle's metadata
    {{192, 0, 2, 0}, 24},      // documentation
    {{192, 88, 99, 0}, 24},    // relays of 6to4
    {{192, 168, 0, 0}, 16},    // private
    {{198, 18, 0, 0}, 15},     // benchmarks
    {{198, 51, 100, 0}, 24},   // documentation
    {{203, 0, 113, 0}, 24},    // documentation
    {{224, 0, 0, 0}, 4},       // multicast
    {{240, 0, 0, 0}, 4},       // reserved; broadcast
    {{255, 255, 255, 255}, 32},
}};

struct Block6 {
  std::array<std::uint8_t, 4> start;
  unsigned bits;
};

// Within 2000::/3, all that is global unicast.
constexpr std::array<Block6, 4> kClosed6{{
    {{0x20, 0x01, 0x00, 0x00}, 23},  // protocol assignments, Teredo (2001::/32) among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02, 0x00, 0x00}, 16},  // 6to4: leads to the IPv4 address within it
    {{0x3f, 0xff, 0x00, 0x00}, 20},  // documentation
}};

bool begins_with(const std::uint8_t* bytes, const std::uint8_t* start, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(start, start + whole, bytes)) {
    return false;
  }
  const auto rest = bits % 8;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return rest == 0 || (bytes[whole] & mask) == (start[whole] & mask);
}

bool is_public4(const std::uint8_t* bytes) {
  return std::none_of(kClosed4.begin(), kClosed4.end(), [bytes](const Block& block) {
    return begins_with(bytes, block.start.data(), block.bits);
  });
}

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
// RFC 6052: the IPv4 address in its last four bytes. 64:ff9b:1::/48, a network's own prefix, may
// hold it elsewhere, and is closed.
constexpr std::array<std::uint8_t, 12> kNat64{0, 0x64, 0xff, 0x9b};

bool is_name_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

bool is_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const auto digits = hexadecimal ? text.substr(2) : text;
  return (hexadecimal || !text.empty()) &&
         digits.find_first_not_of(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789") ==
             digits.npos;
}

// Readers of URLs take a host that ends in a number for an IPv4 address, and differ in how.
bool is_clear_name(std::string_view host) {
  if (!std::all_of(host.begin(), host.end(), is_name_byte) || host.starts_with('.') ||
      host.find("..") != host.npos || host.size() > 253) {
    return false;
  }
  const auto name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  const auto dot = name.rfind('.');
  return !name.empty() && (!is_number(dot == name.npos ? name : name.substr(dot + 1)) ||
                           (name == host && parse_address(host)));
}

bool is_port(std::string_view text) {
  const auto number = parse_u64(text);
  return number && *number >= 1 && *number <= 65535 && text.size() <= 5;
}

}  // namespace

TargetAddress address_of_bytes(const unsigned char* bytes, std::size_t count) {
  TargetAddress out{};
  std::copy(kMapped.begin(), kMapped.end(), out.begin());
  std::copy(bytes, bytes + std::min(count, out.size()),
            count == 4 ? out.begin() + 12 : out.begin());
  return out;
}

std::optional<TargetAddress> parse_address(std::string_view text) {
  unsigned char bytes[16];
  const std::string copy(text);  // with its end; a NUL within it would hide the rest
  if (copy.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  if (::inet_pton(AF_INET, copy.c_str(), bytes) == 1) {
    return address_of_bytes(bytes, 4);
  }
  if (::inet_pton(AF_INET6, copy.c_str(), bytes) == 1) {
    return address_of_bytes(bytes, 16);
  }
  return std::nullopt;
}

Result<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  const bool four = text.substr(0, slash).find(':') == text.npos;
  const unsigned most = four ? 32 : 128;
  const auto bits =
      slash == text.npos ? std::optional<std::uint64_t>(most) : parse_u64(text.substr(slash + 1));
  if (!address || !bits || *bits > most) {
    return invalid("expected networks such as 10.0.0.0/8 or fd00::/8, separated by commas");
  }
  Network out{*address, static_cast<unsigned>(*bits) + (four ? 96 : 0)};
  for (unsigned bit = out.bits; bit < 128; ++bit) {
    if ((out.address[bit / 8] & (0x80U >> (bit % 8))) != 0) {
      return invalid("a network has only zeros behind its prefix, such as 10.0.0.0/8");
    }
  }
  return out;
}

Result<std::vector<Network>> parse_networks(std::string_view text) {
  std::vector<Network> out;
  while (!text.empty()) {
    const auto end = text.find_first_of(", \t");
    const auto word = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (word.empty()) {
      continue;
    }
    auto network = parse_network(word);
    if (!network) {
      return network.error();
    }
    if (out.size() == kMostNetworks) {
      return invalid("expected " + std::to_string(kMostNetworks) + " networks at most");
    }
    out.push_back(*network);
  }
  return out;
}

bool is_public_address(const TargetAddress& address) {
  const auto* bytes = address.data();
  if (begins_with(bytes, kMapped.data(), 96) || begins_with(bytes, kNat64.data(), 96)) {
    return is_public4(bytes + 12);
  }
  if ((bytes[0] & 0xe0) != 0x20) {
    return false;  // loopback, unspecified, compatible, unique local, link-local, multicast, …
  }
  return std::none_of(kClosed6.begin(), kClosed6.end(), [bytes](const Block6& block) {
    return begins_with(bytes, block.start.data(), block.bits);
  });
}

bool TargetRule::allows(const TargetAddress& address) const {
  return is_public_address(address) ||
         std::any_of(allowed_.begin(), allowed_.end(), [&address](const Network& network) {
           return begins_with(address.data(), network.address.data(), network.bits);
         });
}

std::optional<std::string> TargetRule::check_url(std::string_view url) const {
  const auto parts = parse_target_url(url);
  if (!parts) {
    return "expected a URL such as https://host.example/path: a plain host or address, without a "
           "user name";
  }
  auto address = parse_address(parts->host);
  auto name = to_lower(parts->host);
  if (name.ends_with('.')) {
    name.pop_back();
  }
  if (name == "localhost" || name.ends_with(".localhost")) {
    address = parse_address("127.0.0.1");
    if (allows(*parse_address("::1"))) {
      return std::nullopt;
    }
  }
  return !address || allows(*address)
             ? std::nullopt
             : std::optional<std::string>(
                   "expected a public address: the operator has to allow others "
                   "(TARGET_ALLOWED_CIDRS)");
}

std::optional<TargetUrl> parse_target_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos || (url.substr(0, scheme) != "https" && url.substr(0, scheme) != "http")) {
    return std::nullopt;
  }
  const auto odd = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || c == '\\';
  };
  if (std::any_of(url.begin(), url.end(), odd)) {
    return std::nullopt;
  }
  auto place = url.substr(scheme + 3);
  place = place.substr(0, place.find_first_of("/?#"));
  TargetUrl out;
  std::string_view rest;
  if (place.starts_with('[')) {
    const auto close = std::min(place.find(']'), place.size() - 1);
    out.host = place.substr(1, close - 1);
    out.is_ipv6 = true;
    rest = place.substr(close + 1);
    if (place[close] != ']' || out.host.find(':') == out.host.npos || !parse_address(out.host)) {
      return std::nullopt;
    }
  } else {
    out.host = place.substr(0, place.find(':'));
    rest = place.substr(out.host.size());
    if (out.host.empty() || !is_clear_name(out.host)) {
      return std::nullopt;
    }
  }
  if (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))) {
    return std::nullopt;
  }
  return out;
}

}  // namespace notify::worker
