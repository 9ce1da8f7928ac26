#pragma once

// Reads under way: a bounded number is in flight, the others wait their turn. Who asked is known by
// a ticket, so that he may leave at any time; the late answer then finds nobody.

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "ngx_notify_module/hub/source.hpp"

namespace notify::hub {

class Reads;

// One who reads pages: a channel, or a subscriber that replays. One read at a time.
class Reader {
 public:
  struct Wish {
    std::string_view stream;
    EntryId after;
    unsigned count = 0;
    // The last `count` ones instead, none older than this (0: of any age).
    std::optional<std::uint64_t> latest_ms = std::nullopt;
  };

  // Asked when the read is sent, which may be later than it was ordered.
  [[nodiscard]] virtual Wish wish() const = 0;
  virtual void on_page(Result<Page> page) = 0;

  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 protected:
  Reader() = default;
  virtual ~Reader() = default;
  [[nodiscard]] bool reading() const { return ticket_ != 0; }

 private:
  friend class Reads;
  Ticket ticket_ = 0;
};

class Reads {
 public:
  Reads(Source& source, unsigned max_in_flight) : source_(source), max_(max_in_flight) {}

  enum class Urgency { kInTurn, kFirst };
  void order(Reader& reader, Urgency urgency);
  void forget(Reader& reader);  // idempotent
  void on_page(Ticket ticket, Result<Page> page);

  // Tickets for other purposes are of the same kind.
  Ticket next_ticket() { return ++last_; }

 private:
  void pump();

  Source& source_;
  unsigned max_;
  unsigned in_flight_ = 0;
  Ticket last_ = 0;
  std::unordered_map<Ticket, Reader*> readers_;
  std::deque<Ticket> waiting_;  // may hold tickets that were forgotten
};

}  // namespace notify::hub
