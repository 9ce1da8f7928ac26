#include "worker/resolve.hpp"

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
  const addrinfo* best = list.get();
  for (const auto* item = list.get(); item != nullptr; item = item->ai_next) {
    if (item->ai_family == AF_INET) {
      best = item;
      break;
    }
  }
  std::array<char, 64> text{};
  if (::getnameinfo(best->ai_addr, best->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
    return invalid("cannot resolve \"" + host + "\"");
  }
  return std::string(text.data());
}

}  // namespace notify::worker
