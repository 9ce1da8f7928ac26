#pragma once

// Tokens that come in a URL stay out of every log: EventSource cannot send headers, so they do
// come.
//
// Error log: nginx appends request line and referrer to each message, and does so from a
// connection's first byte on, before any module sees the request. So we stand in the log itself: a
// writer that writes nothing, but masks the line that nginx has put together, before it goes to the
// real one.
//
// Access log, and whatever else runs in the log phase: reads the request itself. There the bytes in
// the request's buffer are overwritten, before the first of them runs. Nobody needs them any more,
// and variables that were evaluated before point to the same bytes.

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

struct MainConf;

// In a worker, before it serves. False: out of memory.
bool mask_error_logs(ngx_cycle_t* cycle, const MainConf& conf);
// When it leaves: nginx writes on while it destroys the configuration, and the masks with it.
void unmask_error_logs(ngx_cycle_t* cycle, const MainConf& conf);

// Log phase, as the first handler.
ngx_int_t mask_request(ngx_http_request_t* r);

}  // namespace notify
