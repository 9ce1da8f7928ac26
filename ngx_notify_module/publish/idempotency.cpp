#include "ngx_notify_module/publish/idempotency.hpp"

#include <utility>

#include "ngx_notify_module/request/headers.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"

namespace notify {
namespace {

FieldError fault(std::string type, std::string message, std::string_view input,
                 std::string ctx = {}) {
  FieldError error;
  error.type = std::move(type);
  error.loc = {"header", "Idempotency-Key"};
  error.msg = std::move(message);
  error.input = json::quoted(to_valid_utf8(input));
  error.ctx = std::move(ctx);
  return error;
}

void append_counted(std::string& all, std::string_view text) {
  all.append(std::to_string(text.size())).push_back(':');
  all.append(text);
}

}  // namespace

IdempotencyKey idempotency_key_of(const ngx_http_request_t* r) {
  IdempotencyKey key;
  const HeaderValue header = find_header(r, "idempotency-key");
  if (!header.value) {
    return key;
  }
  key.text = *header.value;
  if (header.repeated) {
    key.fault = fault("value_error", "Value error, the header is there twice", key.text);
  } else if (key.text.empty()) {
    key.fault = fault("string_too_short", "String should have at least 1 character", key.text,
                      "{\"min_length\":1}");
  } else if (key.text.size() > kMaxIdempotencyKey) {
    const std::string limit = std::to_string(kMaxIdempotencyKey);
    key.fault = fault("string_too_long", "String should have at most " + limit + " characters",
                      key.text, "{\"max_length\":" + limit + "}");
  }
  return key;
}

std::string digest_of(const Validated& input, std::string_view body) {
  constexpr std::size_t kDigits = 32;
  std::string all;
  for (const FieldValue& value : input.values) {
    append_counted(all, value.raw);
    append_counted(all, value.text);
  }
  all.append(body);
  return hex(sha256(all)).substr(0, kDigits);
}

FieldError key_reused(const IdempotencyKey& key) {
  return fault("value_error", "Value error, this key was used before to publish something else",
               key.text, "{\"error\":{}}");
}

}  // namespace notify
