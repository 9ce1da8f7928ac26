#include "shared/redis/reply.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>

namespace notify::redis {
namespace {

bool is_code_char(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string_view leading_code(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_code_char);
  const auto size = static_cast<std::size_t>(end - text.begin());
  if (size == 0 || (size < text.size() && text[size] != ' ')) {
    return {};
  }
  return text.substr(0, size);
}

// Before Redis 7 an error inside of a script arrives wrapped, its own code after the place:
//   ERR Error running script (call to f_<sha1>): @user_script:3: -READONLY You can't write …
//   @user_script: 3: -OOM command not allowed …
std::string_view wrapped_code(std::string_view text) {
  constexpr std::string_view kPlace = "@user_script:";
  const std::size_t place = text.rfind(kPlace);
  if (place == std::string_view::npos) {
    return {};
  }
  text.remove_prefix(place + kPlace.size());
  const auto after = std::find_if_not(text.begin(), text.end(),
                                      [](char c) { return c == ' ' || (c >= '0' && c <= '9'); });
  text.remove_prefix(static_cast<std::size_t>(after - text.begin()));
  if (!text.starts_with(": ")) {
    return {};
  }
  text.remove_prefix(2);
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  return leading_code(text);
}

}  // namespace

bool Reply::is_nil() const { return raw_ == nullptr || raw_->type == REDIS_REPLY_NIL; }

bool Reply::is_error() const { return raw_ != nullptr && raw_->type == REDIS_REPLY_ERROR; }

std::string_view Reply::error_code() const {
  if (!is_error()) {
    return {};
  }
  const std::string_view code = leading_code(text());
  if (code.empty() || code == "ERR") {
    const std::string_view inner = wrapped_code(text());
    return inner.empty() ? code : inner;
  }
  return code;
}

std::string_view Reply::text() const {
  if (raw_ != nullptr && (raw_->type == REDIS_REPLY_STRING || raw_->type == REDIS_REPLY_STATUS ||
                          raw_->type == REDIS_REPLY_ERROR)) {
    return {raw_->str, raw_->len};
  }
  return {};
}

std::optional<std::string_view> Reply::bulk() const {
  if (raw_ != nullptr && (raw_->type == REDIS_REPLY_STRING || raw_->type == REDIS_REPLY_STATUS)) {
    return std::string_view{raw_->str, raw_->len};
  }
  return std::nullopt;
}

std::optional<std::int64_t> Reply::integer() const {
  if (raw_ != nullptr && raw_->type == REDIS_REPLY_INTEGER) {
    return raw_->integer;
  }
  if (const auto digits = bulk()) {
    std::int64_t number = 0;
    const char* end = digits->data() + digits->size();
    const auto [stop, error] = std::from_chars(digits->data(), end, number);
    if (error == std::errc{} && stop == end && !digits->empty()) {
      return number;
    }
  }
  return std::nullopt;
}

bool Reply::is_array() const { return raw_ != nullptr && raw_->type == REDIS_REPLY_ARRAY; }

std::size_t Reply::size() const { return is_array() ? raw_->elements : 0; }

Reply Reply::operator[](std::size_t index) const {
  return Reply{index < size() ? raw_->element[index] : nullptr};
}

}  // namespace notify::redis
