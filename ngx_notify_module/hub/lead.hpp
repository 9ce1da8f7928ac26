#pragma once

// Replaying in company. When many resume at about the same place (a worker was reloaded), one of
// them leads: what it reads, up to where the ring begins, is put on the ring if it fits, and the
// others wait and are served from there.

#include <cstdint>
#include <optional>
#include <vector>

#include "ngx_notify_module/hub/ring.hpp"

namespace notify::hub {

class Subscriber;

class Lead {
 public:
  explicit Lead(Ring& ring) : ring_(ring) {}

  [[nodiscard]] bool active() const { return leader_ != nullptr; }
  [[nodiscard]] bool is(const Subscriber& subscriber) const { return leader_ == &subscriber; }
  // Whether what follows `position` is being read.
  [[nodiscard]] bool covers(EntryId position) const {
    return active() && useful() && from_ <= position && position < floor_;
  }

  // Nothing if somebody leads, or if it would not fit.
  void begin(const Subscriber& leader, EntryId position);
  void add(const Entry& entry, std::uint64_t now_ms);
  // The leader has read everything up to here. True if that ends it, with all on the ring.
  [[nodiscard]] bool reach(EntryId position);
  void end();
  void refuse();  // it does not fit, or something is missing: not from here again

 private:
  [[nodiscard]] bool useful() const { return ring_.pristine() && ring_.floor() == floor_; }

  Ring& ring_;
  const Subscriber* leader_ = nullptr;
  EntryId from_;
  EntryId floor_;
  std::vector<Frame> frames_;
  std::size_t bytes_ = 0;
  std::optional<EntryId> refused_;
};

}  // namespace notify::hub
