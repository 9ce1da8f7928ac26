#pragma once

// A healthy socket is no proof: after a failover a link may hang on a server that nobody writes to
// any more. So a message goes through the real road now and then, published on the command link and
// awaited on the subscription link. If it does not arrive, both links are made anew.
//
//   Idle ─(every kPeriod, both links ready)─► Sent ─(it arrived)─► Idle, passed
//                                               └─(kDeadline)────► Idle, failed: links reset

#include <cstdint>
#include <memory>
#include <string>

#include "ngx_notify_module/transport/subscriptions.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class Probe final : private Subscriptions::Listener {
 public:
  // All outlive it.
  Probe(redis::Host& host, redis::Client& commands, Subscriptions& subscriptions, std::string name);
  ~Probe();

  // The subscription link: it has taken a probe along, and will be confirmed anew.
  void link_lost() { listening_ = sent_ = false; }

  // False from a probe that was lost until one that arrived.
  [[nodiscard]] bool passed() const { return passed_; }

  static constexpr redis::Milliseconds kPeriod{5000};
  static constexpr redis::Milliseconds kDeadline{2000};

 private:
  void on_subscribed(std::string_view tag) override;
  void on_message(std::string_view tag, std::string_view payload) override;
  void send();
  void fired();

  redis::Client& commands_;
  Subscriptions& subscriptions_;
  const std::string channel_;
  std::unique_ptr<redis::Timer> timer_;
  redis::Pending pending_;
  std::uint64_t number_ = 0;  // of the latest probe
  bool listening_ = false;    // the channel is confirmed on the present link
  bool sent_ = false;         // and not yet arrived
  bool passed_ = true;
};

}  // namespace notify
