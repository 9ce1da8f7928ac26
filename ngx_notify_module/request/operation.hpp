#pragma once

// What a location does: one operation for each method that it serves, and the content handler that
// runs them.
//
//   path ─▶ method ─▶ claims ─▶ content type ─▶ size of the body ─▶ the operation's steps
//
// What is wrong is answered where it is found.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// A step of an operation, authenticated, in the content phase. Answers as any content handler does:
// a status, or NGX_DONE after having taken a reference (r->main->count++); or hands on to the next
// step with next_step(). `index` tells apart several operations of one kind in a location.
using OperationStep = ngx_int_t (*)(ngx_http_request_t* r, const LocConf& conf, std::size_t index);

struct Operation {
  std::string_view directive;  // its name, for messages
  ngx_uint_t methods = 0;      // NGX_HTTP_GET | …; kAnyMethod: those that no other one serves
  std::vector<OperationStep> steps;
  std::size_t index = 0;
  // Directives whose templates it evaluates, wherever they are inherited from.
  std::vector<std::string_view> refined_by = {};
  std::string failure = {};   // stands before the reason why Redis did not do it
  bool only_refuses = false;  // nothing is done: how much comes along only nginx limits
  // Claims of a token that its directive names ($notify_claim_NAME): without one of them it is not
  // run. A stream's name of which a part is missing would be everybody's. Found by merge().
  std::vector<std::string> claims = {};

  [[nodiscard]] bool has(OperationStep step) const;
};

inline constexpr ngx_uint_t kAnyMethod = ~ngx_uint_t{0};

struct OperationsConf {
  std::vector<Operation> all;

  [[nodiscard]] const Operation* find(ngx_uint_t method) const;
  // "GET, HEAD": the value of an Allow header. What serves any method says nothing about them.
  [[nodiscard]] std::string allow() const;
  Result<void> merge(const MergeScope& scope, const OperationsConf& parent);
};

// From the setter of an operation directive: makes the location one of the module's, and refuses a second
// operation on the same method.
Result<void> add_operation(ngx_conf_t* cf, Operation operation);

// "GET|HEAD"
Result<ngx_uint_t> parse_methods(std::string_view words);

// ---- requests -----------------------------------------------------------------------------------

// The content handler of every location that has an operation.
ngx_int_t serve(ngx_http_request_t* r);

// As nginx holds it: by this address a location is known as one of the module's.
inline constexpr ngx_http_handler_pt kContentHandler = entry<&serve>;

// The next step of the operation that the request is in: for a step to return.
ngx_int_t next_step(ngx_http_request_t* r);

// 405 in the location's shape, with Allow.
ngx_int_t refuse_method(ngx_http_request_t* r);

}  // namespace notify
