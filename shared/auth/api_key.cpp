#include "shared/auth/api_key.hpp"

#include <algorithm>

#include "shared/base/encoding.hpp"
#include "shared/base/utf8.hpp"

namespace notify {
namespace {

constexpr std::size_t kRandomBytes = 24;
constexpr std::size_t kSaltBytes = 16;
constexpr unsigned kRounds = 100'000;

std::string derive(std::string_view key, std::string_view salt) {
  return hex(pbkdf2_sha256(key, salt, kRounds));
}

}  // namespace

Result<void> check_api_key_user(std::string_view user) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (user.empty()) {
    return invalid("the user's name is empty");
  }
  if (user.size() > kMaxApiKeyUserBytes) {
    return invalid("the user's name is longer than " + std::to_string(kMaxApiKeyUserBytes) +
                   " bytes");
  }
  if (user.find(':') != std::string_view::npos) {
    return invalid("a user's name cannot hold a colon: in a key it ends the name");
  }
  if (!is_utf8(user)) {
    return invalid("the user's name is not UTF-8");
  }
  if (std::any_of(user.begin(), user.end(), control)) {
    return invalid("the user's name holds control characters");
  }
  return {};
}

std::string make_api_key(std::string_view user) {
  return base64url_encode(std::string(user) + ":" + random_bytes(kRandomBytes));
}

std::optional<std::string> api_key_user(std::string_view key) {
  if (key.size() > kMaxApiKeyBytes) {
    return std::nullopt;
  }
  auto decoded = base64url_decode(key);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) {
    return std::nullopt;
  }
  decoded->resize(colon);
  return decoded;
}

ApiKeyHash hash_api_key(std::string_view key) {
  ApiKeyHash out;
  out.salt = random_hex(kSaltBytes);
  out.hash = derive(key, out.salt);
  return out;
}

std::optional<std::size_t> match_api_key(std::string_view key, std::span<const ApiKeyHash> hashes) {
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (equal_constant_time(derive(key, hashes[i].salt), hashes[i].hash)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace notify
