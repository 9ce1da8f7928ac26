#pragma once

// What the hub hands to downstream: a client that stays. stream/session implements it for SSE
// (and WebSocket); tests have a fake.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "ngx_notify_module/base/bytes.hpp"
#include "shared/model/entry.hpp"

namespace notify::hub {

// How entries and signals become bytes for one kind of subscriber. Long-lived (a location's
// configuration); frames keep one rendering for each format that somebody asked for. What comes out
// empty is not sent.
class Format {
 public:
  [[nodiscard]] virtual std::string entry(std::string_view stream, const Entry& entry) const = 0;
  // The loss signal: something between `after` and what follows is not there any more. `after` is
  // 0-0 with the reason "unknown". `position` is where the stream goes on: who comes back with it
  // is behind the gap.
  [[nodiscard]] virtual std::string gap(std::string_view stream, std::string_view reason,
                                        EntryId after, EntryId position) const = 0;
  // Frames are handed to the sink one by one, each with its position: it puts something to them
  // that the format does not know.
  [[nodiscard]] virtual bool one_by_one() const { return false; }

 protected:
  ~Format() = default;
};

enum class Flow {
  kOpen,     // more may follow at once
  kBlocked,  // taken, but the socket is full: nothing more until Hub::drained()
  kClosed,   // the client is gone or closing: the hub forgets it (no leave() needed)
};

// The pieces of one deliver() at most. Small frames in a row come as one piece, which subscribers
// that stand at the same place share.
inline constexpr std::size_t kMaxPieces = 8;

// One frame of a format that wants them one by one.
struct Placed {
  BytesRef bytes;
  EntryId position;  // where the subscriber stands that has seen it
};
// Of one deliver_each() at most.
inline constexpr std::size_t kMaxPlaced = 64;

// The subscriber may be destroyed inside of these calls, and so may others.
class Sink {
 public:
  // The subscription stands: from here on nothing that is published is missed. Called once for
  // each join, before the first deliver().
  virtual Flow attached() = 0;
  // Everything that the subscriber lacks, in stream order, as one batch.
  virtual Flow deliver(std::span<const BytesRef> pieces) = 0;
  // The same for a format that wants its frames one by one.
  virtual Flow deliver_each(std::span<const Placed> /*frames*/) { return Flow::kClosed; }

 protected:
  ~Sink() = default;
};

}  // namespace notify::hub
