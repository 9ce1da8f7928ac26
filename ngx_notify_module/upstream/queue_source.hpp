#pragma once

// Upstream of the work queues: bells and control channels through the subscription link, everything
// that is asked through the command link, by the scripts of schema_queues.hpp. It translates
// (queue_replies.hpp) and holds nothing but names that are still to be given back (owed_names.hpp).
//
// What is taken or claimed is registered to be finished by its id alone before it is handed on.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/queue/queues.hpp"
#include "ngx_notify_module/transport/presence.hpp"
#include "ngx_notify_module/transport/subscriptions.hpp"
#include "ngx_notify_module/upstream/owed_names.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class QueueSource final : public queue::Source {
 public:
  // All outlive it.
  QueueSource(redis::Client& commands, Subscriptions& subscriptions, int database,
              queue::Watcher& watcher);

  // Before the first call; the queues die first.
  void attach(queue::Queues& queues) { queues_ = &queues; }
  void detach() { queues_ = nullptr; }  // answers that come later are dropped

  void watch(std::string_view stream) override;
  void unwatch(std::string_view stream) override;
  void listen(const queue::Name& name) override;
  void unlisten(const queue::Name& name) override;
  void join(queue::Ticket ticket, const queue::Name& name, const queue::Lease& lease,
            const queue::Settings& settings) override;
  void take(queue::Ticket ticket, const queue::Name& name, std::span<const queue::Order> orders,
            const queue::Settings& settings) override;
  void claim(queue::Ticket ticket, const queue::Name& name, EntryId cursor,
             std::span<const queue::Order> orders, const queue::Settings& settings) override;
  void audit(queue::Ticket ticket, const queue::Name& name,
             std::span<const queue::Holding> holdings) override;
  void recall(queue::Ticket ticket, const queue::Name& name, std::uint64_t recent_ms,
              std::span<const queue::Member> members) override;
  void renew(queue::Ticket ticket, const queue::Name& name,
             std::span<const queue::Lease> leases) override;
  void leave(const queue::Name& name, const queue::Member& member) override;
  void mark(const queue::Name& name) override;
  void requeue(const queue::Name& name, std::string_view consumer,
               std::span<const EntryId> ids) override;

 private:
  // Of a bell the stream is the tag, of a control channel queue_pair().
  struct Bells final : Subscriptions::Listener {
    explicit Bells(QueueSource& the_source) : source(the_source) {}
    void on_subscribed(std::string_view stream) override;
    void on_message(std::string_view stream, std::string_view payload) override;
    QueueSource& source;
  };
  struct Controls final : Subscriptions::Listener {
    explicit Controls(QueueSource& the_source) : source(the_source) {}
    void on_subscribed(std::string_view pair) override;
    void on_message(std::string_view pair, std::string_view payload) override;
    QueueSource& source;
  };

  void ask_for_sign(queue::Ticket ticket, queue::Joined joined);
  void give_back(OwedName name);
  void give_back_owed();

  // `fact` is called with the queues that there are then, or not at all.
  template <class Fact>
  void send(redis::Command&& command, Fact fact);
  template <class Answer>
  void hand_on(const queue::Name& name, const queue::Settings& settings, Result<Answer> answer,
               std::function<void(queue::Queues&, Result<Answer>)> fact);

  redis::Client& commands_;
  Subscriptions& subscriptions_;
  const int database_;
  queue::Watcher& watcher_;
  Bells bells_;
  Controls controls_;
  queue::Queues* queues_ = nullptr;
  Presence presence_;
  OwedNames owed_;
  EventTimer owed_timer_;
  std::shared_ptr<QueueSource*> self_;  // what completions hold weakly
};

}  // namespace notify
