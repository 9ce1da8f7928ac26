#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "ctl/commands.hpp"
#include "ctl/curl_config.hpp"
#include "ctl/pairs.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest = std::chrono::seconds{1};  // JWT's times are whole seconds
constexpr milliseconds kLongest = std::chrono::hours{24 * 3650};

// Empty, or what is wrong with it. 0 stands for no end.
std::string problem_of(const std::optional<milliseconds>& ttl) {
  if (!ttl) {
    return "is not a time such as 30s, 15m, 1h, 7d";
  }
  if (*ttl != milliseconds{0} && *ttl < kShortest) {
    return "is less than a second, of which a token knows no part";
  }
  return *ttl > kLongest ? "is more than ten years (3650d)" : "";
}

}  // namespace

int token(const Settings& settings, const TokenOptions& options) {
  const auto ttl = parse_duration(options.ttl);
  if (const std::string problem = problem_of(ttl); !problem.empty()) {
    complain("--ttl: \"" + options.ttl + "\" " + problem);
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
  const bool ends =
      *ttl != milliseconds{0} || std::any_of(pairs->begin(), pairs->end(),
                                             [](const Pair& pair) { return pair.first == "exp"; });
  if (!ends) {
    complain("this token never expires; only another JWT_SECRET ends it");
  }
  std::printf("%s\n",
              (options.curl ? curl_header("Authorization: Bearer " + *minted) : *minted).c_str());
  return kExitDone;
}

}  // namespace notify::ctl
