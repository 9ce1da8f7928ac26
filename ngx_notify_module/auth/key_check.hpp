#pragma once

// One request against `notify_auth key`.

#include <optional>

#include "ngx_notify_module/auth/key_conf.hpp"
#include "ngx_notify_module/auth/key_service.hpp"
#include "ngx_notify_module/request/context.hpp"

namespace notify {

struct KeyVerdict {
  Result<void> outcome;    // kTooMany, kUnavailable: the key itself was not looked at
  bool may_count = false;  // a key was there, and it is wrong
};

// nullopt: the request waits, and its phases run again. On success the context knows who it is, and
// that it was a key that said so.
std::optional<KeyVerdict> check_key(ngx_http_request_t* r, const KeyConf& conf, Context& context);

// The request came in with a key and stays, as `guest`.
void watch_key(ngx_http_request_t* r, const KeyConf& conf, KeyService::Guest& guest);

// The request was refused, and its wrong key is to be held against its address.
void count_failure(ngx_http_request_t* r, const KeyConf& conf);

// For how many seconds a client that has failed too often is to wait.
std::uint64_t seconds_to_wait(ngx_http_request_t* r, const KeyConf& conf);

}  // namespace notify
