#pragma once

// What notify_jwt is told to check signatures with.

#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/auth/jwt.hpp"

namespace notify {

// Into the rule, as its algorithm needs it: a secret, or a public key as PEM. The error names the
// file, what is in it, and what would be right.
Result<void> read_jwt_key(ngx_conf_t* cf, std::string_view word, JwtRule& rule);

}  // namespace notify
