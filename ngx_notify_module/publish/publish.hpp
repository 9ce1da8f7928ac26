#pragma once

// notify_publish: one entry of a stream from a request's fields. A 2xx is sent only after Redis has
// answered. The publisher never touches the hub: what it published comes back by the bell.

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/request/operation.hpp"

namespace notify {

struct Retention {
  std::uint64_t count = 0;  // 0: no bound
  ngx_msec_t age = 0;       // 0: no bound
};

struct PublishResponse {
  ngx_uint_t status = 200;
  Template* body = nullptr;
};

struct PublishConf {
  Template* key = nullptr;              // the stream; set by the operation
  std::vector<std::size_t> key_fields;  // rules of those fields of the request that it names
  std::vector<std::pair<std::string, Template*>> entry;  // fields in Redis, in their order
  bool whole_body = false;                               // one of them is made of all of the body
  std::optional<Retention> retain;
  std::optional<bool> unique_ids;  // ids that no other stream has; else Redis' own
  std::optional<PublishResponse> response;
  // Only if this key is in Redis; else that status and text.
  struct Requirement {
    Template* key = nullptr;
    ngx_uint_t status = NGX_HTTP_NOT_FOUND;
    std::string text;
  };
  std::optional<Requirement> requirement;
  std::optional<ngx_msec_t> idempotency;  // how long a key is remembered; 0: keys mean nothing

  ngx_msec_t inbox = 0;  // life of an inbox that nobody uses; 0: no inbox is published to

  Result<void> merge(const MergeScope& scope, const PublishConf& parent);
};

// An operation that publishes, with what the last words of its directive say: method=, failure=.
Result<Operation> publishing_operation(std::string_view directive, OperationStep publish,
                                       Words words);

Result<void> set_publish(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_require(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_entry(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_retain(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_entry_ids(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_idempotency(ngx_conf_t* cf, Words words, PublishConf& conf);
Result<void> set_response(ngx_conf_t* cf, Words words, PublishConf& conf);

inline constexpr std::array kPublishDirectives{
    directive<"notify_publish", &set_publish>(kLocation | NGX_CONF_TAKE123),
    directive<"notify_require", &set_require>(kHttpServerLocation | NGX_CONF_TAKE123),
    directive<"notify_entry", &set_entry>(kHttpServerLocation | NGX_CONF_TAKE2),
    directive<"notify_retain", &set_retain>(kHttpServerLocation | NGX_CONF_TAKE12),
    directive<"notify_entry_ids", &set_entry_ids>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_idempotency", &set_idempotency>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_response", &set_response>(kHttpServerLocation | NGX_CONF_TAKE2),
};

}  // namespace notify
