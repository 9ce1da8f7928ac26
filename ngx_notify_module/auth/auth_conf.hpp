#pragma once

// notify_auth and one directive for each of its methods.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/auth/signature.hpp"

namespace notify {

enum class AuthMethod { kSignature, kJwt, kBearer, kKey, kHmac };

struct SignatureConf {
  SignatureRule rule;
  // Names of the headers, in lower case.
  std::string token = "token";
  std::string timestamp = "x-timestamp";
  std::string signature = "x-signature";
};

struct JwtConf {
  JwtRule rule;
  std::string argument = "token";  // of the query; wins over the Authorization header
};

struct AuthConf {
  // Any of them suffices; of the refusals the first one is told. Empty (`off`): everybody may.
  std::optional<std::vector<AuthMethod>> methods;
  std::optional<SignatureConf> signature;
  std::optional<JwtConf> jwt;

  Result<void> merge(const MergeScope& scope, const AuthConf& parent);
};

Result<void> set_auth(ngx_conf_t* cf, Words words, AuthConf& conf);
Result<void> set_signature(ngx_conf_t* cf, Words words, AuthConf& conf);
Result<void> set_jwt(ngx_conf_t* cf, Words words, AuthConf& conf);

inline constexpr std::array kAuthDirectives{
    directive<"notify_auth", &set_auth>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_signature", &set_signature>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_jwt", &set_jwt>(kHttpServerLocation | NGX_CONF_2MORE),
};

}  // namespace notify
