#pragma once

// What an operator reads of work queues in the error log. What goes on for long is said at most
// once in kQuietMs for all groups together, with how often it came.

#include "ngx_notify_module/queue/source.hpp"

namespace notify {

class QueueLog final : public queue::Watcher {
 public:
  static constexpr std::uint64_t kQuietMs = 10'000;

  void group_lost(const queue::Name& name) override;
  void group_restored(const queue::Name& name) override;
  void entries_dropped(const queue::Name& name, std::uint64_t gone, std::uint64_t dead) override;
  void operation_failed(const queue::Name& name, const Error& error) override;

 private:
  std::uint64_t quiet_until_ms_ = 0;
  std::uint64_t unsaid_ = 0;  // failures since the last line
};

}  // namespace notify
