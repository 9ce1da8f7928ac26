#pragma once

// The id of a request: one text that stands in its answer, in its entry, in every line of a log
// about it and in what is delivered of it.
//
// It is the header X-Request-ID where that can be one (shared/model/request_id.hpp), else nginx's
// own $request_id. nginx keeps it among the request's variables: so it is the same after an
// internal redirect, and in subrequests. It is found out once, before anything is refused; nginx's
// error log then has it in each line about the request, other modules' lines too.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct RequestIdConf {
  // Said here or above: then also where the module has nothing else to do.
  bool said = false;
  bool off = false;
  bool uuid = false;                    // it is a UUID, whatever came
  std::string header = "x-request-id";  // that it is taken from; empty: none
  std::uint64_t beside = 0;             // of how many publishes it is kept beside their stream

  void merge(const RequestIdConf& parent);
};

Result<void> set_request_id(ngx_conf_t* cf, Words words, RequestIdConf& conf);

inline constexpr std::array kRequestIdDirectives{
    directive<"notify_request_id", &set_request_id>(kHttpServerLocation | NGX_CONF_TAKE123),
};

// Where anything of the module is in use. False: out of memory.
bool prepare_request_ids(ngx_conf_t* cf);

// Before the access phase.
ngx_int_t begin_request_id(ngx_http_request_t* r);

// Empty: it has none, or memory ran out. Lives as long as the request.
std::string_view request_id(ngx_http_request_t* r);

// From here on the request is known by another id: the first one's that it repeats.
void rename_request(ngx_http_request_t* r, std::string_view id);

// $notify_request_id
ngx_int_t get_request_id(ngx_http_request_t* r, ngx_http_variable_value_t* value,
                         std::uintptr_t data);

}  // namespace notify
