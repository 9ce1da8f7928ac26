#pragma once

// What a location does: one operation for each method that it serves.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

// Runs in the content phase, authenticated. Answers as any content handler does: a status, or
// NGX_DONE after having taken a reference (r->main->count++). `index` tells apart several
// operations of one kind in a location.
using OperationHandler = ngx_int_t (*)(ngx_http_request_t* r, const LocConf& conf,
                                       std::size_t index);

struct Operation {
  std::string_view directive;  // its name, for messages
  ngx_uint_t methods = 0;      // NGX_HTTP_GET | …; kAnyMethod: those that no other one serves
  OperationHandler run = nullptr;
  std::size_t index = 0;
  // Claims of a token that its directive names ($notify_claim_NAME): without one of them it is not
  // run. A stream's name of which a part is missing would be everybody's.
  std::vector<std::string> claims = {};
};

inline constexpr ngx_uint_t kAnyMethod = ~ngx_uint_t{0};

struct OperationsConf {
  std::vector<Operation> all;

  [[nodiscard]] const Operation* find(ngx_uint_t method) const;
  // "GET, HEAD": the value of an Allow header. What serves any method says nothing about them.
  [[nodiscard]] std::string allow() const;
};

// From the setter of an operation directive: makes the location ours, and refuses a second
// operation on the same method.
Result<void> add_operation(ngx_conf_t* cf, LocConf& conf, const Operation& operation);

// "GET|HEAD"
Result<ngx_uint_t> parse_methods(std::string_view words);

}  // namespace notify
