#include "worker/net/resolve.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>

namespace notify::worker {

Result<std::string> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) {
    return invalid("cannot resolve \"" + host + "\": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  std::string addresses;
  for (const auto* item = list.get(); item != nullptr; item = item->ai_next) {
    std::array<char, 64> text{};
    if (::getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.append(addresses.empty() ? "" : " ").append(text.data());
    }
  }
  return addresses.empty() ? Result<std::string>(invalid("cannot resolve \"" + host + "\""))
                           : addresses;
}

}  // namespace notify::worker
