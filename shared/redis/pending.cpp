#include "shared/redis/pending.hpp"

namespace notify::redis {

Pending::Control::Control(Completion called, std::shared_ptr<std::size_t> counter)
    : completion(std::move(called)), listeners(std::move(counter)) {
  if (listeners) {
    ++*listeners;
  }
}

void Pending::Control::complete(Result<Reply> result) {
  if (Completion called = finish()) {
    called(std::move(result));
  }
}

Completion Pending::Control::finish() {
  if (done) {
    return nullptr;
  }
  done = true;
  if (listeners) {
    --*listeners;
    listeners.reset();
  }
  return std::exchange(completion, nullptr);
}

Pending& Pending::operator=(Pending&& other) noexcept {
  if (this != &other) {
    detach();
    control_ = std::move(other.control_);
  }
  return *this;
}

void Pending::detach() {
  // What the completion captured is destroyed here, after the handle is empty: it may hold us.
  if (auto control = std::move(control_)) {
    Completion dropped = control->finish();
  }
}

void Pending::release() { control_.reset(); }

bool Pending::done() const { return control_ == nullptr || control_->done; }

}  // namespace notify::redis
