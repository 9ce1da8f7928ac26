#pragma once

// What work queues meet in tests: a source whose requests the test answers, sinks and a watcher
// that remember.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ngx_notify_module/queue/queues.hpp"

namespace notify::test {

using namespace notify::queue;  // NOLINT: tests only

inline Entry item_at(std::uint64_t ms) { return Entry{{ms, 0}, {{"v", std::to_string(ms)}}}; }

// "s/g": a group's name as text.
inline std::string text_of(const Name& name) {
  return std::string(name.stream) + "/" + std::string(name.group);
}

// Requests as text: "join s/g a 1", "take s/g a:0+5 b:2+3", "claim s/g from 0 a:0+1",
// "audit s/g a:1 a:2", "recall s/g a b", "renew s/g a:5", "leave s/g a", "mark s/g",
// "requeue s/g a 1 2", "watch s", "listen s/g".
struct FakeSource final : Source {
  struct Request {
    Ticket ticket = 0;
    std::string what;
  };
  std::deque<Request> open;        // to be answered
  std::vector<std::string> notes;  // that have no answer
  Settings settings;
  std::uint64_t recent = 0;  // of the last recall

  void watch(std::string_view stream) override { notes.push_back("watch " + std::string(stream)); }
  void unwatch(std::string_view stream) override {
    notes.push_back("unwatch " + std::string(stream));
  }
  void listen(const Name& name) override { notes.push_back("listen " + text_of(name)); }
  void unlisten(const Name& name) override { notes.push_back("unlisten " + text_of(name)); }
  void leave(const Name& name, const Member& member) override {
    notes.push_back("leave " + text_of(name) + " " + std::string(member.consumer));
  }
  void mark(const Name& name) override { notes.push_back("mark " + text_of(name)); }
  void requeue(const Name& name, std::string_view consumer, std::span<const EntryId> ids) override {
    std::string text = "requeue " + text_of(name) + " " + std::string(consumer);
    for (const EntryId& id : ids) {
      text += " " + std::to_string(id.ms);
    }
    notes.push_back(text);
  }

  void join(Ticket ticket, const Name& name, const Lease& lease, const Settings& how) override {
    settings = how;
    open.push_back({ticket, "join " + text_of(name) + " " + std::string(lease.member.consumer) +
                                " " + std::to_string(lease.limit) +
                                (lease.gone.empty() ? "" : " over " + std::string(lease.gone))});
  }
  static std::string text_of_orders(std::span<const Order> orders) {
    std::string text;
    for (const Order& order : orders) {
      text += " " + std::string(order.member.consumer) + ":" + std::to_string(order.in_flight) +
              "+" + std::to_string(order.count);
    }
    return text;
  }
  void take(Ticket ticket, const Name& name, std::span<const Order> orders,
            const Settings& how) override {
    settings = how;
    open.push_back({ticket, "take " + text_of(name) + text_of_orders(orders)});
  }
  void claim(Ticket ticket, const Name& name, EntryId cursor, std::span<const Order> orders,
             const Settings& how) override {
    settings = how;
    open.push_back({ticket, "claim " + text_of(name) + " from " + std::to_string(cursor.ms) +
                                text_of_orders(orders)});
  }
  void audit(Ticket ticket, const Name& name, std::span<const Holding> holdings) override {
    std::string text = "audit " + text_of(name);
    for (const Holding& holding : holdings) {
      text += " " + std::string(holding.consumer) + ":" + std::to_string(holding.id.ms);
    }
    open.push_back({ticket, text});
  }
  void recall(Ticket ticket, const Name& name, std::uint64_t recent_ms,
              std::span<const Member> members) override {
    std::string text = "recall " + text_of(name);
    for (const Member& member : members) {
      text += " " + std::string(member.consumer);
    }
    open.push_back({ticket, text});
    recent = recent_ms;
  }
  void renew(Ticket ticket, const Name& name, std::span<const Lease> leases) override {
    std::string text = "renew " + text_of(name);
    for (const Lease& lease : leases) {
      text += " " + std::string(lease.member.consumer) + ":" + std::to_string(lease.limit);
    }
    open.push_back({ticket, text});
  }
};

// "lost s/g", "restored s/g", "dropped s/g 1 2", "failed s/g: away"
struct FakeWatcher final : Watcher {
  std::vector<std::string> log;
  void group_lost(const Name& name) override { log.push_back("lost " + text_of(name)); }
  void group_restored(const Name& name) override { log.push_back("restored " + text_of(name)); }
  void entries_dropped(const Name& name, std::uint64_t gone, std::uint64_t dead) override {
    log.push_back("dropped " + text_of(name) + " " + std::to_string(gone) + " " +
                  std::to_string(dead));
  }
  void operation_failed(const Name& name, const Error& error) override {
    log.push_back("failed " + text_of(name) + ": " + error.message);
  }
};

struct FakeQueueWaker final : Waker {
  int wakes = 0;
  std::uint64_t wake_in_ms = 0;  // as it was asked for last
  void wake() override { ++wakes; }
  void wake_in(std::uint64_t ms) override { wake_in_ms = ms; }
};

// "joined 1 2 3 ended(lost)"
struct FakeSink final : Sink {
  std::string text;
  int deliveries = 0;
  Flow flow = Flow::kOpen;        // what every call answers
  std::function<void()> on_call;  // before that; once

  Flow answer() {
    if (on_call) {
      const auto action = std::exchange(on_call, nullptr);
      action();  // may destroy this
      return Flow::kOpen;
    }
    return flow;
  }
  void add(const std::string& word) { text += (text.empty() ? "" : " ") + word; }

  Flow joined() override {
    add("joined");
    return answer();
  }
  Flow deliver(std::span<const Entry> entries) override {
    ++deliveries;
    for (const Entry& entry : entries) {
      add(entry.fields.at(0).second);
    }
    return answer();
  }
  void ended(End why, const Error* error) override {
    static constexpr const char* kNames[] = {"held", "refused", "lost", "name"};
    add("ended(" + std::string(kNames[static_cast<int>(why)]) +
        (error != nullptr ? ": " + error->message : "") + ")");
    if (on_call) {
      const auto action = std::exchange(on_call, nullptr);
      action();
    }
  }
};

}  // namespace notify::test
