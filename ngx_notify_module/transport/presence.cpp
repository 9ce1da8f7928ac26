#include "ngx_notify_module/transport/presence.hpp"

#include <memory>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/crypto.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {

Presence::Presence(redis::Client& commands)
    : commands_(commands),
      timer_(EventTimer::kCancelable, [this] { beat(); }),
      self_(std::make_shared<Presence*>(this)) {}

const std::string& Presence::worker() {
  constexpr std::size_t kBytes = 8;
  static const std::string name = random_hex(kBytes);
  return name;
}

void Presence::show() {
  until_ms_ = ngx_current_msec + static_cast<std::uint64_t>(kFor.count());
  if (!timer_.armed()) {
    beat();
  }
}

void Presence::beat() {
  if (ngx_current_msec >= until_ms_) {
    return;
  }
  const bool send = !asked_ && commands_.ready();
  timer_.arm(send ? std::chrono::milliseconds(redis::kAliveMs) : kRetry);
  if (!send) {
    return;
  }
  asked_ = true;
  redis::Command command =
      script_call(redis::scripts::alive, {redis::alive_key(worker())}, redis::Repeat::kSafe);
  command.sender = redis::Sender::kProduct;
  command.arguments.push_back(std::to_string(++number_));
  command.arguments.push_back(std::to_string(redis::kAliveTtlMs));
  commands_
      .submit(std::move(command),
              [alive = std::weak_ptr(self_)](const Result<redis::Reply>&) {
                if (const auto self = alive.lock()) {
                  (*self)->asked_ = false;
                }
              })
      .release();
}

}  // namespace notify
