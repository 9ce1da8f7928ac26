#include "ngx_notify_module/hub/loss.hpp"

#include <limits>

namespace notify::hub {
namespace {

// The greatest id below `id`, which is not 0-0.
EntryId before(EntryId id) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  return id.seq > 0 ? EntryId{id.ms, id.seq - 1} : EntryId{id.ms - 1, kMax};
}

}  // namespace

std::string_view reason(Loss loss) {
  switch (loss) {
    case Loss::kNone:
      return "";
    case Loss::kTrimmed:
      return "trimmed";
    case Loss::kAhead:
      return "ahead";
    case Loss::kUnknown:
      return "unknown";
  }
  return "";
}

Loss loss_after(EntryId position, std::int64_t added_before, const Page& page) {
  if (position > page.last_generated) {  // also where there is no stream any more
    return Loss::kAhead;
  }
  if (!page.exists || page.last_generated.is_zero()) {
    return Loss::kNone;
  }
  const bool emptied = page.length == 0;
  if (emptied ? position < page.last_generated : position < before(page.first)) {
    // What stood at the position is gone, too. Nobody can tell how much more, or whether this is
    // still the same stream; unless nothing ever stood before its first entry.
    return position.is_zero() && page.added == static_cast<std::int64_t>(page.length)
               ? Loss::kNone
               : Loss::kTrimmed;
  }
  const bool counted = added_before >= 0 && page.added >= 0 && !page.more;
  return !counted || page.added - added_before == static_cast<std::int64_t>(page.entries.size())
             ? Loss::kNone
             : Loss::kTrimmed;
}

EntryId position_after(Loss loss, const Page& page) {
  return loss == Loss::kTrimmed && !page.entries.empty() ? before(page.entries.front().id)
                                                         : page.last_generated;
}

}  // namespace notify::hub
