#include "shared/auth/weak_password.hpp"

#include <algorithm>
#include <array>

#include "shared/base/text.hpp"

namespace notify {
namespace {

// Of those that are long enough, too.
constexpr std::array<std::string_view, 16> kKnown{
    "admin",      "administrator", "password",     "passw0rd",     "changeme",  "change-me",
    "secret",     "letmein",       "welcome",      "notiq",        "superuser", "qwertyuiop",
    "1234567890", "123456789012",  "password1234", "adminpassword"};

}  // namespace

std::string_view password_weakness(std::string_view name, std::string_view password) {
  if (std::any_of(kKnown.begin(), kKnown.end(),
                  [&](std::string_view known) { return iequals(known, password); })) {
    return "everybody guesses it first";
  }
  if (iequals(name, password)) {
    return "it is the name, too";
  }
  return password.size() < kLeastPassword ? "it has less than 12 characters" : "";
}

}  // namespace notify
