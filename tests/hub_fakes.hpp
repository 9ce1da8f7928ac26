#pragma once

// What the hub meets in tests: a source whose requests the test answers, sinks that remember, and a
// format that can be read.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ngx_notify_module/hub/hub.hpp"

namespace notify::test {

using namespace notify::hub;  // NOLINT: tests only

inline Entry entry_at(std::uint64_t ms, std::string text = {}) {
  return Entry{{ms, 0}, {{"v", text.empty() ? std::to_string(ms) : std::move(text)}}};
}

struct FakeSource final : Source {
  struct Read {
    Ticket ticket;
    std::string stream;
    EntryId after;
    unsigned count;
  };
  std::vector<std::string> log;  // "+name", "-name"
  std::deque<Read> reads;
  std::vector<std::vector<Position>> checks;

  void subscribe(std::string_view stream) override { log.push_back("+" + std::string(stream)); }
  void unsubscribe(std::string_view stream) override { log.push_back("-" + std::string(stream)); }
  void read(Ticket ticket, std::string_view stream, EntryId after, unsigned count) override {
    reads.push_back({ticket, std::string(stream), after, count});
  }
  struct Latest {
    Ticket ticket;
    unsigned count;
    std::uint64_t age_ms;
  };
  std::deque<Latest> latest;
  void read_latest(Ticket ticket, std::string_view, unsigned count, std::uint64_t age_ms) override {
    latest.push_back({ticket, count, age_ms});
  }
  void check(std::span<const Position> positions) override {
    checks.emplace_back(positions.begin(), positions.end());
  }
};

struct FakeWaker final : Waker {
  int wakes = 0;
  void wake() override { ++wakes; }
};

// "5 6 gap(trimmed,3) 7 "
struct PlainFormat : Format {
  virtual ~PlainFormat() = default;
  mutable int entries = 0;
  std::string entry(std::string_view, const Entry& entry) const override {
    ++entries;
    return entry.fields.empty() ? "" : entry.fields[0].second + " ";
  }
  std::string gap(std::string_view, std::string_view reason, EntryId after,
                  EntryId) const override {
    return "gap(" + std::string(reason) + "," + std::to_string(after.ms) + ") ";
  }
};

struct FakeSink final : Sink {
  int attachments = 0;
  int deliveries = 0;
  std::size_t last_pieces = 0;
  std::size_t last_bytes = 0;
  std::string text;
  Flow flow = Flow::kOpen;           // what every call answers
  std::function<void()> on_deliver;  // before that

  Flow attached() override {
    ++attachments;
    return flow;
  }
  Flow deliver(std::span<const BytesRef> pieces) override {
    ++deliveries;
    last_pieces = pieces.size();
    last_bytes = 0;
    for (const BytesRef& piece : pieces) {
      text += piece->view();
      last_bytes += piece->size();
    }
    if (on_deliver) {
      const auto action = on_deliver;
      action();  // may destroy this
      return Flow::kOpen;
    }
    return flow;
  }
};

}  // namespace notify::test
