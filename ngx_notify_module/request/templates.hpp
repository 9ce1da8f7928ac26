#pragma once

// The templates of an operation: what they name is checked when nginx reads them, and evaluated
// together when a request comes.

#include <initializer_list>
#include <string_view>
#include <utility>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

// Each one's text, in the request's pool; the place of one that is null stays as it is. False: out
// of memory.
[[nodiscard]] bool read_values(
    ngx_http_request_t* r, std::initializer_list<std::pair<Template*, std::string_view*>> places);

// The name of a stream that a directive's word gives for a request. Names under "notify:" are keys
// of this product; only the configuration may name one, by a word that begins so. A name of which a
// variable is empty would be shared by all who lack it. kInvalid; or kForbidden, also where
// notify_stream_except of the request's location names it.
Result<void> check_stream(ngx_http_request_t* r, const Template* word, std::string_view name);
// The same for those of groups and consumers.
Result<void> check_group(ngx_http_request_t* r, const Template* word, std::string_view name);
Result<void> check_consumer(ngx_http_request_t* r, const Template* word, std::string_view name);
// Only that no part is missing: kForbidden.
Result<void> check_parts(ngx_http_request_t* r, const Template* word);

// Evaluated and checked. kInternal: out of memory.
Result<std::string_view> read_stream(ngx_http_request_t* r, Template* word);

}  // namespace notify
