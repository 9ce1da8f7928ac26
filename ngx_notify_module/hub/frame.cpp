#include "ngx_notify_module/hub/frame.hpp"

namespace notify::hub {

Frame::Frame(Entry entry, std::uint64_t now_ms) : entry_(std::move(entry)), arrived_ms_(now_ms) {}

Frame::Frame(Loss loss, EntryId after, EntryId position, std::uint64_t now_ms)
    : entry_{position, {}}, after_(after), arrived_ms_(now_ms), loss_(loss) {}

std::size_t Frame::weight() const {
  std::size_t total = sizeof(Frame) + entry_.size_bytes();
  total += entry_.fields.capacity() * sizeof(entry_.fields[0]);
  for (const auto& [format, bytes] : renderings_) {
    total += sizeof(Bytes) + bytes->size();
  }
  return total;
}

const BytesRef& Frame::bytes(std::string_view stream, const Format& format) {
  for (const auto& [known, bytes] : renderings_) {
    if (known == &format) {
      return bytes;
    }
  }
  renderings_.emplace_back(
      &format,
      BytesRef(loss_ == Loss::kNone ? format.entry(stream, entry_)
                                    : format.gap(stream, reason(loss_), after_, entry_.id)));
  return renderings_.back().second;
}

}  // namespace notify::hub
