#pragma once

// notify_member_token: a member's user comes with a token instead of the member's key. The token is
// a JSON Web Token (HS256) under that key. HMAC hashes a key that is longer than its block of 64
// bytes first (RFC 2104, section 2), so what the hash of members holds, the key's SHA-256, is
// enough to verify it, and the key itself need not be anywhere.
//
//   iss  the member's name      sub  the user      exp  when it ends, `ttl` from now at the latest

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/request/headers.hpp"

namespace notify {

struct MemberTokenConf {
  Template* user = nullptr;  // null: no token is taken
  std::string argument;      // of the query; else `Authorization: Bearer`
  ngx_msec_t ttl_ms = 24UL * 60 * 60 * 1000;

  void merge(const MemberTokenConf& parent);
};

Result<void> set_member_token(ngx_conf_t* cf, Words words, MemberTokenConf& conf);

inline constexpr std::array kMemberTokenDirectives{
    directive<"notify_member_token", &set_member_token>(kHttpServerLocation | NGX_CONF_TAKE123),
};

// Empty: none came.
ArgumentValue member_token_of(const ngx_http_request_t* r, const MemberTokenConf& conf);

struct TokenOwner {
  std::string_view member;
  std::string_view key_digest;  // in hexadecimal
  std::string_view user;
};

// When it ends, in seconds since 1970. kUnauthorized: it is none of this member's, or over;
// kForbidden: it is another user's.
Result<double> verify_member_token(std::string_view token, const TokenOwner& owner,
                                   ngx_msec_t ttl_ms);

}  // namespace notify
