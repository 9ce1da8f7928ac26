#pragma once

// What auth itself keeps of a request: an answer that came while it waited, and the watch over what
// let it in while it stays. In Context::proof.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ngx_notify_module/auth/key_service.hpp"
#include "ngx_notify_module/auth/member_watch.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "shared/base/result.hpp"

namespace notify {

struct Proof final : Attachment {
  std::optional<KeyService::Answer> key_answer;

  std::string member_key;  // SHA-256 of the key that came; empty: none
  std::optional<Result<void>> member_verdict;

  std::unique_ptr<MemberWatch> watch;
  std::unique_ptr<KeyService::Guest> guest;  // of a stream that was opened with a key
};

Proof& proof_of(Context& context);

// The request stays. Calls `revoked` when what let it in counts no more.
void watch_proof(ngx_http_request_t* r, Context& context, std::function<void()> revoked);

}  // namespace notify
