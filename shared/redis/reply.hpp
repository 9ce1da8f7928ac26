#pragma once

// Typed, checked views over a hiredis reply. A view is valid only inside the completion that it
// was handed to. No accessor is undefined for a reply of another type: it answers nothing.

#include <cstdint>
#include <optional>
#include <string_view>

struct redisReply;

namespace notify::redis {

class Reply {
 public:
  explicit Reply(const redisReply* raw) : raw_(raw) {}

  [[nodiscard]] bool is_nil() const;
  [[nodiscard]] bool is_error() const;
  // The first word of an error: "WRONGTYPE", "NOSCRIPT", "OOM", "LOADING", … Empty otherwise.
  [[nodiscard]] std::string_view error_code() const;
  [[nodiscard]] std::string_view text() const;  // bulk, status or error text; else empty
  [[nodiscard]] std::optional<std::string_view> bulk() const;  // bulk or status only
  [[nodiscard]] std::optional<std::int64_t> integer() const;   // integer, or a bulk of digits
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] std::size_t size() const;     // elements; 0 where it is no array
  Reply operator[](std::size_t index) const;  // a nil view where there is none

 private:
  const redisReply* raw_;  // may be null: reads as nil
};

}  // namespace notify::redis
