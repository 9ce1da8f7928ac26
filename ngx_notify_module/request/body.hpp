#pragma once

// Reads a request's body, as nginx does, and counts what the nginx worker keeps of bodies that are
// not complete: all of them share one bound with WebSockets' half messages
// (notify_max_unfinished), and who has most makes room, with 503.
//
// What a client announces costs nothing and counts nothing; what has come counts, as far as it is
// in memory: nginx puts what is beyond client_body_buffer_size into a file.

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"

namespace notify {

// For a content handler, or a phase that goes on in `next`, to return.
ngx_int_t read_body(ngx_http_request_t* r, ngx_http_client_body_handler_pt next);

// What has come of it, in memory and in a file.
off_t received_bytes(const ngx_http_request_t* r);

// kTooLarge
Error body_too_large();

// Gives the memory of the body back before the request ends: nobody will look at it any more.
void forget_body(ngx_http_request_t* r);

// While the configuration is read.
void enter_body_chain();

}  // namespace notify
