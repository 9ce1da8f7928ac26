#pragma once

// notify_member: who may is a field of a hash in Redis. It says for how long: a field that is gone
// lets nobody in any more, and whoever is in leaves.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ngx_notify_module/auth/member_watch.hpp"
#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct Context;

struct MemberConf {
  Template* hash = nullptr;
  Template* name = nullptr;
  std::string header;    // where a key comes, in lower case; empty: not there
  std::string argument;  // or there
  bool required = false;
  ngx_msec_t check_ms = 30'000;  // between two looks for one that stays; 0: none

  void merge(const MemberConf& parent);
};

Result<void> set_member(ngx_conf_t* cf, Words words, MemberConf& conf);

inline constexpr std::array kMemberDirectives{
    directive<"notify_member", &set_member>(kHttpServerLocation | NGX_CONF_2MORE),
};

// nullopt: Redis is asked, and the request's phases are run again when it has answered. On success
// the context knows the name.
std::optional<Result<void>> check_member(ngx_http_request_t* r, const LocConf& conf,
                                         Context& context);

// For one that stays: calls `gone` when it is no member any more. Null: nobody is to be watched.
std::unique_ptr<MemberWatch> watch_member(ngx_http_request_t* r, const LocConf& conf,
                                          Context& context, std::function<void()> gone);

}  // namespace notify
