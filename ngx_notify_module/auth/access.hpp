#pragma once

// The access phase: first the path, then the method, then who it is. Composes with nginx's own
// access modules.

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

ngx_int_t check_access(ngx_http_request_t* r);

// In the preaccess phase, for a request that is a part of another one (auth_request, SSI, mirror,
// add_before_body, …). nginx has no access phase for those: what is guarded here would be open to
// whoever reaches it by way of another location.
ngx_int_t check_part(ngx_http_request_t* r);

}  // namespace notify
