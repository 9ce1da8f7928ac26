#include "shared/auth/network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

namespace notify {

std::string network_of(std::string_view address) {
  const std::string text(address);
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) {
    return text;
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    ::inet_ntop(AF_INET, &six.s6_addr[12], out.data(), out.size());
    return out.data();
  }
  for (std::size_t i = 8; i < sizeof six.s6_addr; ++i) {
    six.s6_addr[i] = 0;
  }
  ::inet_ntop(AF_INET6, &six, out.data(), out.size());
  return std::string(out.data()) + "/64";
}

}  // namespace notify
