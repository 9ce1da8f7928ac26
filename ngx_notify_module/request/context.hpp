#pragma once

// What this module knows about a request: from the access phase to the log.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/base/result.hpp"
#include "shared/model/validation.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class LocConf;
class PathPattern;
struct InputConf;
struct Operation;

// Something that lives as long as the request is being served, such as the session of a stream: it
// is destroyed by the request's http cleanup, when its connection still stands.
class Attachment {
 public:
  virtual ~Attachment() = default;
};

// How far the operation's steps have come.
struct OperationProgress {
  const LocConf* conf = nullptr;
  const Operation* operation = nullptr;
  std::size_t step = 0;  // the next one
};

struct Context {
  ngx_http_request_t* request = nullptr;

  // --- path ---
  const PathPattern* path_pattern = nullptr;           // that `path_names` are of; null: none yet
  std::optional<std::vector<std::string>> path_names;  // nullopt: the path is another one

  // --- auth ---
  std::string subject;  // who it is: the user claim; empty where the method has none
  bool by_key = false;  // an API key said so
  std::optional<Claims> claims;
  std::optional<double> expires;  // when that ends, in seconds since 1970
  std::string member;             // by notify_member, in lower case

  // --- the operation ---
  OperationProgress operation;
  const InputConf* rules = nullptr;  // that `input` answers to
  const Validated* input = nullptr;  // the pool's: variables point into it
  std::string body;                  // as it was sent, if a rule is about it

  std::string_view item;  // the element of a batch that is being written, as JSON

  // --- what came of it ---
  std::string stream;             // its key in Redis
  std::string entry_id;           // <ms>-<seq>, in Redis' spelling
  std::string event_id;           // the same, as clients see it
  std::string count;              // of the published entries
  std::string_view resume;        // how a stream began: "new", "resumed", …; a literal
  std::string_view close_reason;  // why it ended; a literal
  std::string time;               // $notify_time, once it was asked for
  std::string time_utc;           // the same, as $notify_time_utc

  // --- what is under way; ends with the http cleanup ---
  redis::Pending pending;
  std::unique_ptr<Attachment> attachment;
  std::unique_ptr<Attachment> proof;  // auth's own: of who it is; goes before the attachment
};

// Null where this module had nothing to do with the request. Finds it after internal redirects,
// too.
Context* find_context(ngx_http_request_t* r);

// For how long what the client proved is good; nullopt: for as long as it likes.
std::optional<std::uint64_t> ms_to_expiry(const Context& context);

// Null: out of memory.
Context* ensure_context(ngx_http_request_t* r);

}  // namespace notify
