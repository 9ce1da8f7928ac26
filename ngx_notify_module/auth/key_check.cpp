#include "ngx_notify_module/auth/key_check.hpp"

#include <utility>

#include "ngx_notify_module/auth/proof.hpp"
#include "ngx_notify_module/ngx/address.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "shared/auth/bearer.hpp"

namespace notify {
namespace {

constexpr std::string_view kRefused = "Invalid or missing token";

// A request that waits for what its key proves.
class KeyWait final : public Attachment, public KeyService::Waiter {
 public:
  KeyWait(ngx_http_request_t* r, Context& context) : r_(r), context_(context) {}

 private:
  void answered(KeyService::Answer answer) noexcept override {
    ngx_http_request_t* r = r_;
    if (answer != KeyService::Answer::kLater) {
      proof_of(context_).key_answer = answer;
    }
    context_.attachment.reset();  // the end of this object
    resume_phases(r);
  }

  ngx_http_request_t* r_;
  Context& context_;
};

// `decoded` keeps one that comes in the query.
std::string_view key_of(const ngx_http_request_t* r, const KeySource& source,
                        std::string& decoded) {
  std::string_view key;
  if (!source.header.empty()) {
    const HeaderValue header = find_header(r, source.header);
    key = header.repeated ? std::string_view() : header.value.value_or("");
  } else if (r->headers_in.authorization != nullptr) {
    key = parse_bearer(view(r->headers_in.authorization->value)).value_or("");
  }
  if (key.empty() && !source.argument.empty()) {
    decoded = find_argument(r, source.argument).value;
    return decoded;
  }
  return key;
}

// Whose key it says it is; empty: it is none.
std::string user_of(const ngx_http_request_t* r, const KeyConf& conf) {
  std::string decoded;
  const std::string_view key = conf.source ? key_of(r, *conf.source, decoded) : "";
  return api_key_user(key).value_or("");
}

KeyVerdict verdict(KeyService::Answer answer) {
  switch (answer) {
    case KeyService::Answer::kGood:
      return {};
    case KeyService::Answer::kLimited:
      return {Error{ErrorKind::kTooMany, "Too many failed attempts"}};
    case KeyService::Answer::kBusy:
      return {Error{ErrorKind::kUnavailable, "Too many keys are being verified"}};
    case KeyService::Answer::kUnknown:
      return {Error{ErrorKind::kUnavailable, "Keys cannot be verified"}};
    case KeyService::Answer::kWrong:
    case KeyService::Answer::kLater:
      break;
  }
  return {Error{ErrorKind::kUnauthorized, std::string(kRefused)}, true};
}

KeyService* service() { return runtime == nullptr ? nullptr : runtime->keys(); }

}  // namespace

std::optional<KeyVerdict> check_key(ngx_http_request_t* r, const KeyConf& conf, Context& context) {
  std::string decoded;
  const std::string_view key = conf.source ? key_of(r, *conf.source, decoded) : "";
  if (key.empty()) {
    return KeyVerdict{Error{ErrorKind::kUnauthorized, std::string(kRefused)}};
  }
  if (service() == nullptr) {
    return verdict(KeyService::Answer::kUnknown);
  }
  KeyService::Answer answer = KeyService::Answer::kLater;
  if (Proof& proof = proof_of(context); proof.key_answer) {
    answer = *std::exchange(proof.key_answer, std::nullopt);
  } else {
    auto wait = std::make_unique<KeyWait>(r, context);
    answer = service()->ask({conf.source->store, key, address_of(r), *conf.failures}, *wait);
    if (answer == KeyService::Answer::kLater) {
      context.attachment = std::move(wait);
      return std::nullopt;
    }
  }
  if (answer == KeyService::Answer::kGood) {
    context.subject = api_key_user(key).value_or("");
    context.by_key = true;
  }
  return verdict(answer);
}

void watch_key(ngx_http_request_t* r, const KeyConf& conf, KeyService::Guest& guest) {
  if (conf.source && service() != nullptr) {
    std::string decoded;
    service()->watch(conf.source->store, key_of(r, *conf.source, decoded), guest);
  }
}

void count_failure(ngx_http_request_t* r, const KeyConf& conf) {
  if (*conf.failures > 0 && service() != nullptr) {
    service()->failed(address_of(r), user_of(r, conf), *conf.failures);
  }
}

std::uint64_t seconds_to_wait(ngx_http_request_t* r, const KeyConf& conf) {
  const std::uint64_t wait =
      service() == nullptr ? 0
                           : service()->wait_ms(address_of(r), user_of(r, conf), *conf.failures);
  return wait / 1000 + 1;
}

}  // namespace notify
