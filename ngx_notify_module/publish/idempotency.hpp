#pragma once

// The header Idempotency-Key of a publisher: a repeat with the same key is answered with the id of
// the first time, and adds nothing. What was published under a key is remembered beside the stream,
// by a digest.

#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/model/validation.hpp"

namespace notify {

inline constexpr std::size_t kMaxIdempotencyKey = 255;  // bytes

struct IdempotencyKey {
  std::string text;                 // empty: there is none
  std::optional<FieldError> fault;  // it cannot be one
};

IdempotencyKey idempotency_key_of(const ngx_http_request_t* r);

// Of all that a publisher has said by its fields, and of the body where that counts as a whole.
std::string digest_of(const Validated& input, std::string_view body = {});

// The key was used before, for something else.
FieldError key_reused(const IdempotencyKey& key);

}  // namespace notify
