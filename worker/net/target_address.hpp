#pragma once

// Which addresses a request may go to when its URL came by the API, and not from the operator:
// public ones, and what TARGET_ALLOWED_CIDRS names. Loopback, private, link-local, shared and
// reserved addresses, multicast and the clouds' metadata services are closed, in each spelling that
// leads there: an IPv4 address within an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo), or a
// number in place of a dotted address. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::worker {

// In network order; an IPv4 address is mapped (::ffff:a.b.c.d).
using TargetAddress = std::array<std::uint8_t, 16>;

// Of four or sixteen bytes in network order, as a socket has them.
TargetAddress address_of_bytes(const unsigned char* bytes, std::size_t count);
// "10.1.2.3" or "fd00::1", in their usual spelling; nullopt for anything else.
std::optional<TargetAddress> parse_address(std::string_view text);

struct Network {
  TargetAddress address{};
  unsigned bits = 128;  // of the 128
};

// "10.0.0.0/8", "fd00::/8" or a single address. The error names the word and what is expected.
Result<Network> parse_network(std::string_view text);
// Several, between commas or blanks.
Result<std::vector<Network>> parse_networks(std::string_view text);

// Whether everybody on the Internet could have reached it, too.
[[nodiscard]] bool is_public_address(const TargetAddress& address);

// The rule for targets that came by the API.
class TargetRule {
 public:
  TargetRule() = default;
  explicit TargetRule(std::vector<Network> allowed) : allowed_(std::move(allowed)) {}

  [[nodiscard]] bool allows(const TargetAddress& address) const;
  // What can be seen of a URL before anybody connects: why it is refused; nullopt: only the
  // connection can tell.
  [[nodiscard]] std::optional<std::string> check_url(std::string_view url) const;

 private:
  std::vector<Network> allowed_;
};

// The parts of http(s)://host[:port]… as every reader of URLs sees them. nullopt: it is none, or
// two readers could take two hosts for it (user names, backslashes, other bytes than a name's, an
// IPv4 address in an unusual spelling).
struct TargetUrl {
  std::string_view host;  // an IPv6 address without brackets
  bool is_ipv6 = false;
};
std::optional<TargetUrl> parse_target_url(std::string_view url);

}  // namespace notify::worker
