#include "shared/auth/weak_password.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text.hpp"

namespace notify {
namespace {

// Of those that are long enough, too; and what examples and the replaced services have for them.
constexpr std::array<std::string_view, 34> kKnown{"admin",
                                                  "administrator",
                                                  "password",
                                                  "passw0rd",
                                                  "changeme",
                                                  "change-me",
                                                  "secret",
                                                  "letmein",
                                                  "welcome",
                                                  "notiq",
                                                  "superuser",
                                                  "qwertyuiop",
                                                  "1234567890",
                                                  "123456789012",
                                                  "password1234",
                                                  "adminpassword",
                                                  "dev-secret",
                                                  "your-secret-token",
                                                  "your-secret-key",
                                                  "your_secret_token",
                                                  "your_secret_key",
                                                  "my-secret-token",
                                                  "my-secret-key",
                                                  "supersecretkey",
                                                  "supersecret",
                                                  "super-secret-key",
                                                  "super-secret-token",
                                                  "secret-token",
                                                  "secret-key",
                                                  "changemechangeme",
                                                  "0123456789abcdef",
                                                  "1234567890123456",
                                                  "your-jwt-secret",
                                                  "your-bearer-token"};

}  // namespace

bool is_well_known(std::string_view secret) {
  return std::any_of(kKnown.begin(), kKnown.end(),
                     [&](std::string_view known) { return iequals(known, secret); });
}

std::string_view password_weakness(std::string_view name, std::string_view password) {
  if (is_well_known(password)) {
    return "it is well known";
  }
  if (iequals(name, password)) {
    return "it is the name, too";
  }
  return password.size() < kLeastPassword ? "it has less than 12 characters" : "";
}

std::string_view key_weakness(std::string_view key) {
  if (is_well_known(key)) {
    return "it is well known";
  }
  return key.size() < kLeastKey ? "it has less than 16 characters" : "";
}

}  // namespace notify
