#pragma once

// The content handler of every location that has an operation: finds the one for the method.

#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

ngx_int_t serve(ngx_http_request_t* r);

// As nginx holds it: by this address a location is known as one of ours.
inline constexpr ngx_http_handler_pt kContentHandler = entry<&serve>;

// 405 in the location's shape, with Allow.
ngx_int_t refuse_method(ngx_http_request_t* r);

}  // namespace notify
