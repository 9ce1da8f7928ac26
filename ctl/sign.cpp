#include "shared/auth/signature.hpp"

#include <algorithm>
#include <cstdio>

#include "ctl/commands.hpp"
#include "ctl/curl_config.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/secret.hpp"

namespace notify::ctl {

int sign(const Settings& settings, const SignOptions& options) {
  const auto token = options.token_file.empty() ? find_secret(settings, "API_TOKEN")
                                                : resolve_secret("file:" + options.token_file);
  if (!token) {
    complain((options.token_file.empty() ? "" : "--token-file: ") + token.error().message);
    return kExitFailed;
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(token->begin(), token->end(), control)) {
    complain("the token holds control characters, which no header can carry");
    return kExitFailed;
  }
  const std::string timestamp = std::to_string(unix_ms() / 1000);
  const std::string headers[] = {"token: " + *token, "x-timestamp: " + timestamp,
                                 "x-signature: " + notify::sign(*token, timestamp)};
  for (const std::string& header : headers) {
    std::printf("%s\n", (options.curl ? curl_header(header) : header).c_str());
  }
  return kExitDone;
}

}  // namespace notify::ctl
