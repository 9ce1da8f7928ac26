#include <cstdio>

#include "ctl/commands.hpp"
#include "ctl/curl_config.hpp"
#include "ctl/pairs.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {

int token(const Settings& settings, const TokenOptions& options) {
  const auto ttl = parse_duration(options.ttl);
  if (!ttl) {
    complain("--ttl: \"" + options.ttl + "\" is not a time such as 30s, 15m, 1h, 7d");
    return kExitUsage;
  }
  const auto pairs = parse_pairs(options.claims, "NAME=VALUE");
  if (!pairs) {
    complain("--claim: " + pairs.error().message);
    return kExitUsage;
  }
  const auto claims = claims_json(options.subject, *pairs, unix_ms() / 1000,
                                  std::chrono::duration_cast<std::chrono::seconds>(*ttl).count());
  if (!claims) {
    complain("--claim: " + claims.error().message);
    return kExitUsage;
  }
  const auto secret = find_secret(settings, "JWT_SECRET");
  if (!secret) {
    complain(secret.error().message);
    return kExitFailed;
  }
  const auto minted = mint_jwt(*claims, *secret);
  if (!minted) {
    complain(minted.error().message);
    return kExitFailed;
  }
  std::printf("%s\n",
              (options.curl ? curl_header("Authorization: Bearer " + *minted) : *minted).c_str());
  return kExitDone;
}

}  // namespace notify::ctl
