#pragma once

// The latest frames of a stream, numbered in the order in which subscribers see them.
//
//        floor                                   top
//          │  frame  frame  frame  frame  frame   │
//                └ first()                          └ head(): number of the next one
//
// Bounded by entries, bytes and age. A stream whose ids began anew (Loss::kAhead) begins a new
// epoch: ids of before mean nothing, so only frames of this epoch are found by id.

#include <cstdint>
#include <vector>

#include "ngx_notify_module/hub/frame.hpp"

namespace notify::hub {

class Ring {
 public:
  Ring(unsigned max_entries, std::size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  // Empty, at `position`.
  void start(EntryId position) { floor_ = top_ = epoch_start_ = position; }

  void append(Frame frame);
  // There is nothing between the top and `position`.
  void raise(EntryId position);
  // Puts older frames before the oldest one: all that follow `from`. Only while pristine().
  void prepend(EntryId from, std::vector<Frame> frames);
  void drop_before(std::uint64_t arrived_ms);

  [[nodiscard]] EntryId floor() const { return floor_; }
  [[nodiscard]] EntryId top() const { return top_; }
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] std::uint64_t head() const { return first_ + count(); }
  [[nodiscard]] Frame& at(std::uint64_t number) { return frames_[index(number)]; }
  [[nodiscard]] std::size_t count() const { return frames_.size() - dropped_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // The number of the epoch's first frame (0 before the second epoch), and where it began.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  [[nodiscard]] EntryId epoch_start() const { return epoch_start_; }

  // Whether one who stands at `position` goes on from here without a loss. A position that is none
  // of ours may be of an earlier life of the stream: between the floor and the oldest frame nobody
  // knows.
  [[nodiscard]] bool covers(EntryId position) const;
  // The number of the first frame beyond `position` (head() if there is none).
  [[nodiscard]] std::uint64_t after(EntryId position) const;
  [[nodiscard]] bool holds(EntryId id) const;

  // Nothing was ever dropped, so numbers below first() were never given: older frames may get them.
  [[nodiscard]] bool pristine() const { return pristine_; }
  // Leaves half of it to what is to come.
  [[nodiscard]] bool has_room(std::size_t entries, std::size_t bytes) const {
    return count() + entries <= max_entries_ / 2 && bytes_ + bytes <= max_bytes_ / 2;
  }

  // A frame was rendered: it weighs more now.
  void grow(std::size_t bytes) { bytes_ += bytes; }

 private:
  static constexpr std::uint64_t kStart = std::uint64_t{1} << 32;

  [[nodiscard]] std::size_t index(std::uint64_t number) const {
    return static_cast<std::size_t>(number - first_) + dropped_;
  }
  void drop_front();

  unsigned max_entries_;
  std::size_t max_bytes_;
  std::vector<Frame> frames_;  // a vector, since most streams are idle: it costs nothing then
  std::size_t dropped_ = 0;    // the first ones, emptied
  std::size_t bytes_ = 0;
  std::uint64_t first_ = kStart;
  std::uint64_t epoch_ = 0;
  EntryId epoch_start_;
  EntryId floor_;  // before the oldest frame of the epoch
  EntryId top_;
  bool pristine_ = true;
};

}  // namespace notify::hub
