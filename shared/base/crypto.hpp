#pragma once

// The few primitives that are needed, on OpenSSL 3. Texts are bytes. Where OpenSSL cannot get
// memory (or the system no randomness) these raise std::bad_alloc, since no value that they could
// return would be safe to compare with.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "shared/base/encoding.hpp"

struct evp_mac_ctx_st;

namespace notify {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);
// 20 bytes. Only for protocols that name it (RFC 6455): no protection for anything.
std::string sha1(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view message);  // RFC 2104; any key length

// The same for many messages under one key, in a fifth of the time. Not for several threads.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  [[nodiscard]] Digest operator()(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

// RFC 8018. Takes tens of milliseconds at 100,000 rounds: never on an event loop.
Digest pbkdf2_sha256(std::string_view password, std::string_view salt, unsigned rounds);

// The time depends on the lengths only. Different lengths are unequal at once.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

// From the system's generator: fit for keys, and safe across fork.
std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t count);  // of `count` bytes: twice as many digits

}  // namespace notify
