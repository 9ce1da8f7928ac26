#include "ngx_notify_module/auth/proof.hpp"

#include <utility>

#include "ngx_notify_module/auth/key_check.hpp"
#include "ngx_notify_module/auth/key_conf.hpp"
#include "ngx_notify_module/auth/member.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"

namespace notify {
namespace {

class KeyHolder final : public KeyService::Guest {
 public:
  explicit KeyHolder(std::function<void()> revoked) : revoked_(std::move(revoked)) {}

 private:
  void revoked() noexcept override { revoked_(); }

  std::function<void()> revoked_;
};

}  // namespace

Proof& proof_of(Context& context) {
  if (context.proof == nullptr) {
    context.proof = std::make_unique<Proof>();
  }
  return static_cast<Proof&>(*context.proof);
}

void watch_proof(ngx_http_request_t* r, Context& context, std::function<void()> revoked) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  if (context.by_key) {
    Proof& proof = proof_of(context);
    proof.guest = std::make_unique<KeyHolder>(revoked);
    watch_key(r, conf.get<KeyConf>(), *proof.guest);
  }
  if (auto watch = watch_member(r, conf, context, std::move(revoked))) {
    proof_of(context).watch = std::move(watch);
  }
}

}  // namespace notify
