#pragma once

// The end of nginx's chains of filters: what frames a response (chunks, HTTP/2) and writes it. A
// stream enters there. The filters before them (SSI, sub_filter, gzip, addition, …) are made for
// documents: they hold the head or the last bytes until more comes, and a stream would be late by
// an event, or by an hour.

#include "ngx_notify_module/ngx/ngx.hpp"

extern "C" ngx_module_t ngx_http_notify_filter_module;  // defined in filter_module.cpp

namespace notify {

// Called for the head of each response before it is written, when all other filters have seen it.
using HeadFilter = ngx_int_t (*)(ngx_http_request_t* r);

// Takes a place in both chains. At configuration, once in each.
void enter_filter_chains(HeadFilter filter);

// The head goes through all filters: add_header and the like are among them. One of them may keep
// it until it has seen a body; then it is written all the same.
ngx_int_t send_head_through(ngx_http_request_t* r);

// As ngx_http_output_filter(), behind all filters that might keep anything.
ngx_int_t send_body_through(ngx_http_request_t* r, ngx_chain_t* chain);

}  // namespace notify
