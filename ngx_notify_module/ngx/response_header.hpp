#pragma once

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// Adds one to what the response says already. Name and value have to live as long as the request.
// Null: out of memory, also where `value` is a copy that could not be made.
inline ngx_table_elt_t* add_response_header(ngx_http_request_t* r, ngx_str_t name,
                                            ngx_str_t value) {
  auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
  if (header == nullptr) {
    return nullptr;
  }
  *header = {};
  if (name.data == nullptr || value.data == nullptr) {
    return nullptr;
  }
  header->key = name;
  header->value = value;
  header->hash = 1;
  return header;
}

}  // namespace notify
