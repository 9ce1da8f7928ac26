#pragma once

// A hub and the stream that it looks at, as Redis has it. Streams hold entries 1, 2, 3, …: the
// milliseconds of their ids.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/hub_fakes.hpp"

namespace notify::test {

inline constexpr std::string_view kName = "s";

struct World {
  // Channels are verified at limits.verify_ms, unless a test is about the rate.
  explicit World(Limits limits = {}, std::uint64_t verify_rate = 0)
      : hub(source, waker, (limits.verify_rate = verify_rate, limits)) {
    hub.tick(now);
  }

  FakeSource source;
  FakeWaker waker;
  PlainFormat format;
  std::uint64_t now = 1'000'000;
  // The stream as Redis has it.
  std::vector<std::uint64_t> stored;
  std::uint64_t last = 0;
  std::int64_t added = 0;
  Hub hub;

  void settle() {
    for (int i = 0; i < 1000 && waker.wakes > 0; ++i) {
      waker.wakes = 0;
      hub.turn();
    }
  }
  void tick(std::uint64_t ms = 250) {
    now += ms;
    hub.tick(now);
    settle();
  }

  void add(std::uint64_t ms) {
    stored.push_back(ms);
    last = ms;
    ++added;
  }
  // As the product publishes: with a bell.
  void publish(std::uint64_t ms, bool body = true) {
    const EntryId prev{stored.empty() ? 0 : stored.back(), 0};
    add(ms);
    Entry entry = entry_at(ms);
    hub.on_bell(kName, prev, {ms, 0}, body ? &entry : nullptr);
  }
  void trim(std::size_t keep) {
    stored.erase(stored.begin(), stored.end() - static_cast<std::ptrdiff_t>(keep));
  }

  Page page(EntryId after, unsigned count) const {
    Page page;
    page.exists = added > 0;
    page.added = added;
    page.length = stored.size();
    page.last_generated = {last, 0};
    page.first = {stored.empty() ? 0 : stored.front(), 0};
    for (const std::uint64_t ms : stored) {
      if (EntryId{ms, 0} > after && page.entries.size() < count) {
        page.entries.push_back(entry_at(ms));
      } else if (EntryId{ms, 0} > after && count > 0) {
        page.more = true;
      }
    }
    return page;
  }
  // Answers the oldest read. False if there is none.
  bool answer() {
    if (source.reads.empty()) {
      return false;
    }
    const FakeSource::Read read = source.reads.front();
    source.reads.pop_front();
    hub.on_page(read.ticket, page(read.after, read.count));
    settle();
    return true;
  }
  int answer_all() {
    int count = 0;
    for (; answer() && count < 1000; ++count) {
    }
    return count;
  }
  void refuse() {
    const FakeSource::Read read = source.reads.front();
    source.reads.pop_front();
    hub.on_page(read.ticket, Error{ErrorKind::kUnavailable, "away"});
    settle();
  }

  std::unique_ptr<Subscriber> join(Sink& sink, Start start = {}) {
    return hub.join(kName, format, sink, start);
  }
  // With the channel live.
  std::unique_ptr<Subscriber> join_live(Sink& sink, Start start = {}) {
    auto subscriber = join(sink, start);
    hub.on_subscribed(kName);
    settle();
    answer_all();
    settle();
    answer_all();
    return subscriber;
  }
};

inline Start after(std::uint64_t ms) { return {Start::From::kAfter, {ms, 0}}; }

}  // namespace notify::test
