#pragma once

// notify_admin streams, and stats: all streams of the database, in Redis' own order. Answers of any
// length: keys come in pages, figures for some of them at a time, and the answer leaves as it
// grows.

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

ngx_int_t list_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t);
ngx_int_t survey_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t);

}  // namespace notify
