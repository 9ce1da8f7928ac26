#pragma once

// Which addresses count as one where somebody is to be slowed down.

#include <string>
#include <string_view>

namespace notify {

// The address as text: of IPv6 the network of 64 bits, since who has one has all of its addresses;
// an IPv4 address in IPv6's clothes is that address. What is no address is taken as it is.
std::string network_of(std::string_view address);

}  // namespace notify
