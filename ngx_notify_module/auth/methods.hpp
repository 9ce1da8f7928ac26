#pragma once

// One request against one method of notify_auth, of those that know at once.

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/request/context.hpp"

namespace notify {

// On success the context knows who it is.
Result<void> authenticate(ngx_http_request_t* r, AuthMethod method, const LocConf& conf,
                          Context& context);

}  // namespace notify
