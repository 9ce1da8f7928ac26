#pragma once

// Headers of a request by name.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct HeaderValue {
  std::optional<std::string_view> value;  // the last one, where it is repeated
  bool repeated = false;
};

// `name` in lower case.
HeaderValue find_header(const ngx_http_request_t* r, std::string_view name);

// The values of all headers of that name, in lower case, in their order.
std::vector<std::string_view> find_headers(const ngx_http_request_t* r, std::string_view name);

// An argument of the query that says who somebody is. One that is there several times with values
// that differ says nothing: who reads the first and who reads the last would see two people.
struct ArgumentValue {
  std::string value;
  bool differs = false;  // `value` is empty then
};
ArgumentValue find_argument(const ngx_http_request_t* r, std::string_view name);

// The value of a directive's parameter `word` as a name, in lower case.
Result<std::string> header_name(std::string_view word, std::string_view value);

}  // namespace notify
