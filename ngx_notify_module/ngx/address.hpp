#pragma once

// Who a client is, as far as limits know.

#include <string_view>

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// The bytes of its IPv4 address, or of the network of 64 bits that its IPv6 address is in: whoever
// has one has all of its addresses. They are the connection's.
std::string_view address_of(const ngx_http_request_t* r);

}  // namespace notify
