#include "ngx_notify_module/hub/ring.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace notify::hub {

void Ring::append(Frame frame) {
  top_ = frame.position();
  bytes_ += frame.weight();
  const bool anew = frame.loss() == Loss::kAhead;
  frames_.push_back(std::move(frame));
  if (anew) {
    epoch_ = head();
    floor_ = epoch_start_ = top_;
    pristine_ = false;
  }
  while (count() > 1 && (count() > max_entries_ || bytes_ > max_bytes_)) {
    drop_front();
  }
}

void Ring::raise(EntryId position) { top_ = std::max(top_, position); }

void Ring::prepend(EntryId from, std::vector<Frame> frames) {
  for (const Frame& frame : frames) {
    bytes_ += frame.weight();
  }
  first_ -= frames.size();
  frames_.insert(frames_.begin(), std::move_iterator(frames.begin()),
                 std::move_iterator(frames.end()));
  floor_ = from;
}

void Ring::drop_before(std::uint64_t arrived_ms) {
  while (count() > 0 && frames_[dropped_].arrived_ms() < arrived_ms) {
    drop_front();
  }
}

bool Ring::covers(EntryId position) const {
  if (position == floor_ || position == top_) {
    return true;
  }
  const std::uint64_t oldest = std::max(epoch_, first_);
  return oldest < head() && frames_[index(oldest)].position() <= position && position < top_;
}

std::uint64_t Ring::after(EntryId position) const {
  const std::uint64_t begin = std::max(epoch_, first_);
  const auto found = std::upper_bound(
      frames_.begin() + static_cast<std::ptrdiff_t>(index(begin)), frames_.end(), position,
      [](EntryId id, const Frame& frame) { return id < frame.position(); });
  return head() - static_cast<std::uint64_t>(std::distance(found, frames_.end()));
}

bool Ring::holds(EntryId id) const {
  const std::uint64_t next = after(id);
  if (next <= std::max(epoch_, first_)) {
    return false;
  }
  const Frame& frame = frames_[index(next - 1)];
  return frame.position() == id && frame.loss() == Loss::kNone;
}

void Ring::drop_front() {
  const Frame frame = std::move(frames_[dropped_]);
  if (first_ >= epoch_) {
    floor_ = frame.position();
  }
  bytes_ -= std::min(bytes_, frame.weight());
  ++first_;
  pristine_ = false;
  if (++dropped_ == frames_.size()) {
    frames_ = {};
    dropped_ = 0;
  } else if (dropped_ >= 16 && dropped_ > frames_.size() / 2) {
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(dropped_));
    dropped_ = 0;
  }
}

}  // namespace notify::hub
