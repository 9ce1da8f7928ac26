#pragma once

// What the hub needs from upstream (Redis), and how upstream answers. The hub knows no Redis: the
// runtime gives it a Source made of the subscription link and the command link; tests give it a
// fake. Requests are answered by tickets, never by pointers: a ticket that the hub has forgotten
// is ordinary, its answer is dropped.
//
// Nothing here answers from inside the call.

#include <cstdint>
#include <span>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/model/entry.hpp"
#include "shared/model/page.hpp"

namespace notify::hub {

using Ticket = std::uint64_t;  // never 0; that of a read is never used twice

struct Position {
  Ticket ticket;            // the channel's own, the same in each check
  std::string_view stream;  // valid during the call
  EntryId after;
};

class Source {
 public:
  // Asks for the bell of `stream`; Hub::on_subscribed() confirms it. While upstream is away the
  // wish is remembered: it is confirmed once upstream is back.
  virtual void subscribe(std::string_view stream) = 0;
  virtual void unsubscribe(std::string_view stream) = 0;

  // Up to `count` entries after `after`, with the stream's bounds, read in one atomic step
  // (count 0: the bounds alone). Answered by Hub::on_page(), once, also with an error.
  virtual void read(Ticket ticket, std::string_view stream, EntryId after, unsigned count) = 0;

  // The last `count` entries, none older than `age_ms` (0: of any age), with the stream's bounds;
  // answered in the same way. With an age, and where no entry was said to be for new subscribers
  // within that time: none.
  virtual void read_latest(Ticket ticket, std::string_view stream, unsigned count,
                           std::uint64_t age_ms) = 0;

  // Which of these streams hold an entry after the position? Cheap. Answered by one
  // Hub::on_behind() with the tickets of those that do; on failure with none.
  virtual void check(std::span<const Position> positions) = 0;

 protected:
  ~Source() = default;
};

}  // namespace notify::hub
