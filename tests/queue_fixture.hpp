#pragma once

// Queues between a fake source and fake clients, for tests that go step by step.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/check_main.hpp"
#include "tests/queue_fakes.hpp"

namespace notify::test {

inline const Error kAway{ErrorKind::kUnavailable, "away"};
inline const Error kUnknown{ErrorKind::kUnknownOutcome, "unknown"};

inline Share share(std::uint64_t limit, std::initializer_list<std::uint64_t> ids) {
  Share share;
  share.limit = limit;
  for (const std::uint64_t id : ids) {
    share.entries.push_back(item_at(id));
  }
  return share;
}

struct QueueClient {
  FakeSink sink;
  std::unique_ptr<Consumer> consumer;
};

struct QueueFixture {
  explicit QueueFixture(const Limits& limits = {}) : queues(source, watcher, waker, limits) {
    queues.tick(now);
  }

  void join(QueueClient& client, const std::string& name, std::uint64_t limit = 1,
            const std::string& group = "g") {
    client.consumer =
        queues.join({"s", group}, {name, "token-" + name, limit, {1000, 5}}, client.sink);
  }
  // Joins, and all that a group does at first (nothing is found).
  void settle(QueueClient& client, const std::string& name, std::uint64_t limit = 1) {
    join(client, name, limit);
    answer_join(limit);
    for (int i = 0; i < 4; ++i) {
      turn();
      if (!source.open.empty()) {
        answer_empty();
      }
    }
    notes();
  }

  // What is asked next; "" if nothing is.
  std::string asked() {
    turn();
    return source.open.empty() ? "" : source.open.front().what;
  }
  void turn() {
    if (std::exchange(waker.wakes, 0) > 0) {
      queues.turn();
    }
  }
  Ticket ticket() {
    ck_assert_msg(!source.open.empty(), "nothing was asked");
    const Ticket ticket = source.open.front().ticket;
    source.open.pop_front();
    return ticket;
  }
  void answer_join(std::uint64_t limit) { queues.on_joined(ticket(), Joined{false, limit, false}); }
  void answer_taken(std::vector<Share> shares, bool more = false) {
    queues.on_taken(ticket(), Taken{false, more, std::move(shares)});
  }
  void answer_claimed(std::vector<Share> shares, EntryId next = {}, std::uint64_t gone = 0,
                      std::uint64_t dead = 0) {
    queues.on_claimed(ticket(), Claimed{false, next, gone, dead, std::move(shares)});
  }
  // Nothing new, whatever it was; each limit as before.
  void answer_empty() {
    const std::string what = source.open.front().what;
    std::vector<Share> shares;
    Renewed limits;
    for (std::size_t i = what.find(' ', what.find(' ') + 1); i != std::string::npos;
         i = what.find(' ', i + 1)) {
      const std::string word = what.substr(i + 1, what.find(' ', i + 1) - i - 1);
      if (word.find(':') != std::string::npos) {
        const std::string name = word.substr(0, word.find(':'));
        const std::uint64_t limit = limits_[name] == 0 ? 100 : limits_[name];
        shares.push_back(share(limit, {}));
        limits.emplace_back(limit);
      }
    }
    if (what.starts_with("take")) {
      answer_taken(std::move(shares));
    } else if (what.starts_with("claim")) {
      answer_claimed(std::move(shares));
    } else if (what.starts_with("recall")) {
      queues.on_recalled(ticket(), Recalled{});
    } else if (what.starts_with("renew")) {
      queues.on_renewed(ticket(), limits);
    } else {
      queues.on_audited(ticket(), Audited{false, std::vector<bool>(shares.size(), true)});
    }
  }
  void control(const std::string& payload, const std::string& group = "g") {
    queues.on_control({"s", group}, payload);
  }
  void wait(std::uint64_t ms) {
    now += ms;
    queues.tick(now);
  }
  std::string notes() {
    std::string text;
    for (const std::string& note : source.notes) {
      text += (text.empty() ? "" : ", ") + note;
    }
    source.notes.clear();
    return text;
  }

  std::uint64_t now = 1'000'000;
  FakeSource source;
  FakeWatcher watcher;
  FakeQueueWaker waker;
  std::map<std::string, std::uint64_t> limits_;
  Queues queues;
};

}  // namespace notify::test
