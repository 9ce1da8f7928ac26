#include "ngx_notify_module/ngx/address.hpp"

namespace notify {

std::string_view address_of(const ngx_http_request_t* r) {
  const sockaddr* address = r->connection->sockaddr;
  const auto bytes = [](const auto& field, std::size_t from, std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(&field) + from, size);
  };
  if (address->sa_family == AF_INET) {
    return bytes(reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 0, 4);
  }
#if (NGX_HAVE_INET6)
  if (address->sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    return IN6_IS_ADDR_V4MAPPED(&six) ? bytes(six, 12, 4) : bytes(six, 0, 8);
  }
#endif
  return "unix";
}

}  // namespace notify
