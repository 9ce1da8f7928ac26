#pragma once

// notify_require: what has to be there before anything is published.

#include <cstddef>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// A step: the next one begins at once where the location requires nothing, else when Redis has told
// that it is there.
ngx_int_t require(ngx_http_request_t* r, const LocConf& conf, std::size_t index);

}  // namespace notify
