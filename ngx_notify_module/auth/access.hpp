#pragma once

// The access phase: first the path, then the method, then who it is. Composes with nginx's own
// access modules.

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

ngx_int_t check_access(ngx_http_request_t* r);

}  // namespace notify
