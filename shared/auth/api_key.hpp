#pragma once

// API keys as the replaced alerts service makes them: URL-safe Base64, without padding, of the
// user's name, a colon and 24 random bytes. So a key says whose it is; what it proves stands in the
// key store.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/crypto.hpp"
#include "shared/base/result.hpp"

namespace notify {

inline constexpr std::size_t kMaxApiKeyBytes = 4096;
inline constexpr std::size_t kMaxApiKeyUserBytes = 256;

// Whether a key can be made for that name: UTF-8 without control characters and without a colon,
// which would end it; 1 to 256 bytes. kInvalid says what is wrong with it.
Result<void> check_api_key_user(std::string_view user);

// A new key of a user who passes the check.
std::string make_api_key(std::string_view user);

// Whose key it is: any bytes without a colon. nullopt where the text is no key.
std::optional<std::string> api_key_user(std::string_view key);

// What is kept of a key, as texts: the salt is used as it stands, its digits are not decoded.
struct ApiKeyHash {
  std::string salt;  // 32 hexadecimal digits
  std::string hash;  // 64: PBKDF2-HMAC-SHA256 of the key's text, 100,000 rounds

  friend bool operator==(const ApiKeyHash&, const ApiKeyHash&) = default;
};

// With a new salt. Takes tens of milliseconds.
ApiKeyHash hash_api_key(std::string_view key);

// The place in `hashes` that the key belongs to, or nullopt. Takes tens of milliseconds for each of
// them: never on an event loop.
std::optional<std::size_t> match_api_key(std::string_view key, std::span<const ApiKeyHash> hashes);

}  // namespace notify
