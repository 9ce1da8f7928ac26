#pragma once

// What the getter of an nginx variable answers. Whether nginx keeps it or asks again is said once,
// where the variable is added.

#include <string_view>

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

inline ngx_int_t set_absent(ngx_http_variable_value_t& value) {
  value = {};
  value.not_found = 1;
  return NGX_OK;
}

// For text that lives, unchanged, as long as the request.
inline ngx_int_t set_borrowed(ngx_http_variable_value_t& value, std::string_view text) {
  const ngx_str_t bytes = borrow(text);
  value = {};
  value.valid = 1;
  value.len = static_cast<unsigned>(bytes.len) & 0x0fffffffU;  // as wide as nginx's member
  value.data = bytes.data;
  return NGX_OK;
}

// For any other. An error, and `value` as it was, when memory ran out.
inline ngx_int_t set_copied(ngx_pool_t* pool, ngx_http_variable_value_t& value,
                            std::string_view text) {
  const ngx_str_t copy = to_pool(pool, text);
  return copy.data == nullptr ? NGX_ERROR : set_borrowed(value, view(copy));
}

}  // namespace notify
