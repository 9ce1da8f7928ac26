#pragma once

// What this module knows about a request: from the access phase to the log.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/conf/operation.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/model/validation.hpp"
#include "shared/redis/client.hpp"

namespace notify {

struct IntakeConf;

// Something that lives as long as the request is being served, such as the session of a stream: it
// is destroyed by the request's http cleanup, when its connection still stands.
class Attachment {
 public:
  virtual ~Attachment() = default;
};

struct Context {
  ngx_http_request_t* request = nullptr;

  // --- auth ---
  std::string subject;  // who it is: the user claim; empty where the method has none
  std::optional<Claims> claims;

  // --- intake ---
  struct {
    const LocConf* conf;
    std::size_t index;
    OperationHandler next;
  } after_body{};
  const IntakeConf* rules = nullptr;  // that `input` answers to
  const Validated* input = nullptr;   // the pool's: variables point into it

  // --- what came of it ---
  std::string stream;             // its key in Redis
  std::string entry_id;           // <ms>-<seq>, in Redis' spelling
  std::string event_id;           // the same, as clients see it
  std::string_view resume;        // how a stream began: "new", "resumed", …; a literal
  std::string_view close_reason;  // why it ended; a literal
  std::string time;               // $notify_time, once it was asked for

  // --- what is under way; ends with the http cleanup ---
  redis::Pending pending;
  std::unique_ptr<Attachment> attachment;
};

// Null where this module had nothing to do with the request. Finds it after internal redirects,
// too.
Context* find_context(ngx_http_request_t* r);

// Null: out of memory.
Context* ensure_context(ngx_http_request_t* r);

}  // namespace notify
