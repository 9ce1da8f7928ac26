#pragma once

// notify_admin flush: removes all streams of the database that the location covers, each with what
// the product keeps beside it, and nothing else.

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

ngx_int_t flush_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t);

}  // namespace notify
