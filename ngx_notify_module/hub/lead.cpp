#include "ngx_notify_module/hub/lead.hpp"

#include <utility>

namespace notify::hub {

void Lead::begin(const Subscriber& leader, EntryId position) {
  if (active() || !ring_.pristine() || position >= ring_.floor() || !ring_.has_room(1, 0) ||
      (refused_ && position <= *refused_)) {
    return;
  }
  leader_ = &leader;
  from_ = position;
  floor_ = ring_.floor();
}

void Lead::add(const Entry& entry, std::uint64_t now_ms) {
  if (!active() || entry.id > floor_) {
    return;
  }
  frames_.emplace_back(entry, now_ms);
  bytes_ += frames_.back().weight();
  if (!ring_.has_room(frames_.size(), bytes_)) {
    refuse();
  }
}

bool Lead::reach(EntryId position) {
  if (!active() || !useful()) {
    return active();
  }
  if (position < floor_) {
    return false;
  }
  ring_.prepend(from_, std::move(frames_));
  return true;
}

void Lead::end() {
  leader_ = nullptr;
  frames_ = {};
  bytes_ = 0;
}

void Lead::refuse() {
  refused_ = from_;
  frames_ = {};
  bytes_ = 0;
  floor_ = EntryId{};  // not useful any more
}

}  // namespace notify::hub
