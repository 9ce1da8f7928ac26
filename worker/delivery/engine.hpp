#pragma once

// Joins the parts of a delivery: queues and dispatcher, dispatcher and budgets, HTTP and settling.
// Holds no policy: the dispatcher decides, this carries its wishes out and its answers back.
//
// Ownership: owns dispatcher, queues, budgets and targets; its HTTP transfers are cancelled with
// it.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/delivery/budget.hpp"
#include "worker/delivery/dispatcher.hpp"
#include "worker/delivery/http_client.hpp"
#include "worker/delivery/queue.hpp"
#include "worker/delivery/target.hpp"
#include "worker/process/log.hpp"

namespace notify::worker {

class Engine final : private Ports, public QueueOwner {
 public:
  Engine(redis::Host& host, Log& log, redis::Client& commands, HttpOptions http,
         DispatcherOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // What makes two destinations the same is the caller's.
  DestinationIndex add_destination(std::unique_ptr<Target> target, std::unique_ptr<Budget> budget,
                                   std::string display);
  // Without a destination only the group is kept.
  Queue& add_queue(QueueOptions options, const std::string& token,
                   std::optional<DestinationIndex> destination);
  // Whether nothing of it is in hand. Then it may be removed, with its destination, which no other
  // queue has: at the end of a turn, when nobody has it any more.
  [[nodiscard]] bool idle(const Queue& queue) const;
  void remove_queue(Queue& queue);

  void on_all_groups(std::function<void()> ready) { all_groups_ = std::move(ready); }
  void on_room(std::function<void()> freed) { room_freed_ = std::move(freed); }
  using RetryObserver = std::function<void(const Queue& queue, std::chrono::milliseconds after)>;
  void on_retry(RetryObserver set) { retry_set_ = std::move(set); }

  // What became of each attempt; while the process is put together.
  void on_outcome(std::function<void(const Outcome& outcome)> told) { told_ = std::move(told); }

  void start();
  void on_link(bool ready);
  // Takes nothing more; what is on the wire may finish. `drained` is called once, when nothing is
  // left in hand (perhaps at once).
  void drain(std::function<void()> drained);
  [[nodiscard]] std::size_t in_hand() const { return dispatcher_.size(); }
  // Gives the consumer names back, so that nobody has to wait for the leases to lapse.
  void release_names(const std::function<void()>& released);

  [[nodiscard]] std::size_t room(const Queue& queue) const override;
  [[nodiscard]] std::size_t older_room(const Queue& queue) const override;
  void on_taken(const Queue& queue, std::vector<Delivery> deliveries) override;
  void on_group_exists(const Queue& queue) override;

 private:
  struct Destination {
    std::unique_ptr<Target> target;
    std::unique_ptr<Budget> budget;
    std::string display;  // for logs
  };

  struct Source {
    std::unique_ptr<Queue> queue;
    std::optional<SourceIndex> index;  // absent: is not consumed
    DestinationIndex destination = 0;
    bool grouped = false;
  };

  void ask_budget(Ticket ticket, DestinationIndex destination) override;
  void begin(Ticket ticket, SourceIndex source, const Delivery& delivery) override;
  void send(Ticket ticket, HttpRequest request) override;
  void settle(Ticket ticket, SourceIndex source, const Delivery& delivery,
              const Settlement& settlement) override;
  void hold(DestinationIndex destination, std::chrono::milliseconds time) override;
  void report(const Outcome& outcome) override;
  void room_changed(SourceIndex source) override;
  void wake_at(std::uint64_t at_ms) override;
  [[nodiscard]] std::uint64_t now_ms() const override { return host_.now_ms(); }
  double random() override { return host_.random(); }

  [[nodiscard]] Source& source_of(const Queue& queue) const;
  Queue& queue_of(SourceIndex source);
  [[nodiscard]] std::optional<Tracking> tracking_of(SourceIndex source,
                                                    const Delivery& delivery) const;
  void check_drained();

  redis::Host& host_;
  Log& log_;
  redis::Client& commands_;
  std::vector<Destination> destinations_;
  Dispatcher dispatcher_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::unique_ptr<redis::Timer> wake_timer_;
  HttpClient http_;  // last: goes first
  std::function<void()> all_groups_;
  std::function<void()> room_freed_;
  RetryObserver retry_set_;
  std::function<void(const Outcome& outcome)> told_;
  std::function<void()> drained_;
};

}  // namespace notify::worker
