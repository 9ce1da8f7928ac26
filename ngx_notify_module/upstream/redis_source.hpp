#pragma once

// Upstream of the hub: bells through the subscription link, everything that is read through the
// command link. It translates and holds nothing.

#include <memory>
#include <string>
#include <vector>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/transport/subscriptions.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class RedisSource final : public hub::Source, private Subscriptions::Listener {
 public:
  // Both outlive it.
  RedisSource(redis::Client& commands, Subscriptions& subscriptions, int database);

  void attach(hub::Hub& hub) { hub_ = &hub; }  // before the first call; the hub dies first
  void detach() { hub_ = nullptr; }            // answers that come later are dropped

  void subscribe(std::string_view stream) override;
  void unsubscribe(std::string_view stream) override;
  void read(hub::Ticket ticket, std::string_view stream, EntryId after, unsigned count) override;
  void read_latest(hub::Ticket ticket, std::string_view stream, unsigned count,
                   std::uint64_t age_ms) override;
  void check(std::span<const hub::Position> positions) override;

 private:
  void on_subscribed(std::string_view stream) override;
  void on_message(std::string_view stream, std::string_view payload) override;

  struct Wanted {
    std::string stream;
    EntryId after;
    hub::Ticket ticket;
  };
  void run(hub::Ticket ticket, const redis::Script& script, std::vector<std::string> words);
  void check(std::vector<Wanted> wanted);
  void checked(std::vector<Wanted> wanted, const Result<redis::Reply>& reply);

  redis::Client& commands_;
  Subscriptions& subscriptions_;
  const int database_;
  hub::Hub* hub_ = nullptr;
  std::shared_ptr<RedisSource*> self_;  // what completions hold weakly
};

}  // namespace notify
