#include "ngx_notify_module/queue/consumer.hpp"

#include <utility>

#include "ngx_notify_module/queue/group.hpp"

namespace notify::queue {

Consumer::Consumer(Group& group, Options options, Sink& sink)
    : group_(&group),
      sink_(&sink),
      options_(std::move(options)),
      serial_(group.core().next_serial()),
      limit_(options_.limit) {
  group.join(*this);
}

Consumer::~Consumer() {
  if (group_ != nullptr) {
    group_->leave(*this);
  }
}

void Consumer::drained() {
  if (state_ == State::kBlocked) {
    state_ = State::kServing;
    group_->refresh(*this);
  }
}

}  // namespace notify::queue
