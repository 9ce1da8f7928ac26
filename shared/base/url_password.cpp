#include "shared/base/url_password.hpp"

namespace notify {

bool url_has_password(std::string_view url) {
  // The options of libpq: ?password=…, &sslpassword=…
  if (const auto mark = url.find('?');
      mark != std::string_view::npos && url.find("password=", mark) != std::string_view::npos) {
    return true;
  }
  const auto slashes = url.find("//");
  if (slashes == std::string_view::npos) {
    return false;
  }
  const std::string_view rest = url.substr(slashes + 2);
  // A password may hold any character in practice, so the last @ ends it.
  const std::string_view account = rest.substr(0, rest.rfind('@') + 1);
  const auto colon = account.find(':');
  return !account.starts_with('/') && colon != std::string_view::npos && colon + 2 < account.size();
}

}  // namespace notify
