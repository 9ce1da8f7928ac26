#pragma once

// What subscribers are sent: an entry, or the signal that some were lost. Rendered once for each
// format that somebody asked for, when it is first asked for.

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "ngx_notify_module/base/bytes.hpp"
#include "ngx_notify_module/hub/loss.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "shared/model/entry.hpp"

namespace notify::hub {

class Frame {
 public:
  Frame(Entry entry, std::uint64_t now_ms);
  // Everything between `after` and `position` is gone, or its fate is not known.
  Frame(Loss loss, EntryId after, EntryId position, std::uint64_t now_ms);

  // Where a subscriber stands that has seen it. Rises from frame to frame, but for kAhead.
  [[nodiscard]] EntryId position() const { return entry_.id; }
  [[nodiscard]] Loss loss() const { return loss_; }
  [[nodiscard]] std::uint64_t arrived_ms() const { return arrived_ms_; }
  // Memory that it holds, about.
  [[nodiscard]] std::size_t weight() const;

  // May be empty: then there is nothing to send.
  const BytesRef& bytes(std::string_view stream, const Format& format);

 private:
  Entry entry_;  // of a gap only the id counts: its position
  EntryId after_;
  std::uint64_t arrived_ms_;
  Loss loss_ = Loss::kNone;
  std::vector<std::pair<const Format*, BytesRef>> renderings_;
};

}  // namespace notify::hub
