#pragma once

// What all operations that publish have in common: the terms on which an entry is added, and what
// the answer of Redis means for the client.

#include <cstdint>
#include <optional>
#include <string_view>

#include "ngx_notify_module/publish/idempotency.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {

PublishTerms terms_of(const LocConf& conf, std::string_view stream);

// Which request it is, where that is to be remembered; after add_idempotency().
void add_request(ngx_http_request_t* r, const LocConf& conf, PublishTerms& terms);

// The publisher's own key, if it gave one; `body`: where that counts as a whole. A fault of the key
// is told by the caller.
IdempotencyKey add_idempotency(ngx_http_request_t* r, const PublishConf& conf, PublishTerms& terms,
                               std::string_view body = {});

// An answer of the scripts that publish.
struct Published {
  enum class Verdict : std::int64_t { kAdded, kRepeated, kReused };

  std::optional<EntryId> id;  // the last one
  Verdict verdict = Verdict::kAdded;
  std::uint64_t entries = 1;
  std::string_view request = {};  // of a repeat: the id of the first one
};

// Redis did not do it.
ngx_int_t fail_publish(ngx_http_request_t* r, Error error);

// Sends it to Redis and parks the request, which is answered by what comes. `read` makes sense of a
// reply that is no error.
ngx_int_t send_publish(ngx_http_request_t* r, const LocConf& conf, redis::Command command,
                       IdempotencyKey key, Published (*read)(const redis::Reply& reply));

}  // namespace notify
