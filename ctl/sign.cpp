#include "shared/auth/signature.hpp"

#include <algorithm>
#include <cstdio>

#include "ctl/commands.hpp"
#include "shared/base/clock.hpp"

namespace notify::ctl {

int sign(const Settings& settings, const SignOptions& options) {
  std::string token = options.token;
  if (token.empty()) {
    auto found = find_secret(settings, "API_TOKEN");
    if (!found) {
      complain(found.error().message);
      return kExitFailed;
    }
    token = std::move(*found);
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(token.begin(), token.end(), control)) {
    complain("the token holds control characters, which no header can carry");
    return kExitFailed;
  }
  // Behind $(…) a shell divides at blanks and keeps quotes as they are, so nothing may need them.
  if (options.curl && token.find(' ') != std::string::npos) {
    complain("the token holds a blank, which $(notifyctl sign --curl) cannot pass on: use `sign`");
    return kExitFailed;
  }
  const std::string timestamp = std::to_string(unix_ms() / 1000);
  const std::string signature = notify::sign(token, timestamp);
  const char* format = options.curl ? "-H token:%s -H x-timestamp:%s -H x-signature:%s\n"
                                    : "token: %s\nx-timestamp: %s\nx-signature: %s\n";
  std::printf(format, token.c_str(), timestamp.c_str(), signature.c_str());
  return kExitDone;
}

}  // namespace notify::ctl
