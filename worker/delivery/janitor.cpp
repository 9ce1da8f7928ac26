#include "worker/delivery/janitor.hpp"

#include <algorithm>
#include <utility>

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kTick = 1'000;
constexpr std::uint64_t kRoomPause = 20;
constexpr std::uint64_t kMinute = 60'000;
constexpr std::uint64_t kAfterLink = 5'000;
constexpr milliseconds kLeftBehind{5'000};
constexpr milliseconds kOwnLost{60'000};
constexpr milliseconds kForgetAfter{600'000};
constexpr std::size_t kPage = 32;

}  // namespace

Janitor::Janitor(redis::Host& host, Log& log, const QueueOwner& owner)
    : host_(host),
      log_(log),
      owner_(owner),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { tick(); })) {}

void Janitor::add(Queue& queue) {
  auto ward = std::make_unique<Ward>(queue);
  ward->minute_at_ms = host_.now_ms() + kMinute;
  wards_.push_back(std::move(ward));
}

// Answers that are on their way go with the queue.
void Janitor::remove(const Queue& queue) {
  std::erase_if(wards_, [&queue](const auto& ward) { return &ward->queue == &queue; });
}

void Janitor::on_link(bool ready) {
  if (ready && !stopped_) {
    reclaim_from_ms_ = host_.now_ms() + kAfterLink;
    wake_by(host_.now_ms());
  }
}

// Retries that are due may have waited for it.
void Janitor::room_changed() { wake_by(host_.now_ms() + kRoomPause); }

void Janitor::expect(const Queue& queue, milliseconds after) {
  const auto at = host_.now_ms() + static_cast<std::uint64_t>(after.count());
  for (auto& ward : wards_) {
    if (&ward->queue == &queue && at < ward->due_at_ms) {
      ward->due_at_ms = at;
      wake_by(at);
    }
  }
}

void Janitor::stop() {
  stopped_ = true;
  timer_->disarm();
}

// Earlier than planned, never later.
void Janitor::wake_by(std::uint64_t at_ms) {
  const auto now = host_.now_ms();
  if (!stopped_ && (next_tick_ms_ <= now || at_ms < next_tick_ms_)) {
    next_tick_ms_ = std::max(at_ms, now + 1);
    timer_->arm(milliseconds{next_tick_ms_ - now});
  }
}

void Janitor::tick() {
  if (stopped_) {
    return;
  }
  const auto now = host_.now_ms();
  auto next = now + kTick;
  next_tick_ms_ = 0;
  for (auto& ward : wards_) {
    ward->queue.tick();
    if (!ward->queue.serving()) {
      continue;
    }
    if (now >= ward->due_at_ms) {
      hand_due(*ward);
    } else {
      next = std::min(next, ward->due_at_ms);
    }
    if (now >= ward->second_at_ms) {
      ward->second_at_ms = now + kTick;
      keep_mark(*ward);
      look_at_consumers(*ward);
    } else {
      next = std::min(next, ward->second_at_ms);
    }
  }
  wake_by(next);
}

// ---- retries ------------------------------------------------------------------------------------

void Janitor::hand_due(Ward& ward) {
  const auto room = std::min(owner_.older_room(ward.queue), kPage);
  if (ward.asking_due || room == 0) {
    return;
  }
  ward.asking_due = true;
  ward.queue.store().due(ward.queue.consumer(), room, [this, &ward](Result<Handed> result) {
    ward.asking_due = false;
    if (!result) {
      return ward.queue.on_error(result.error(), "taking retries");
    }
    if (result->state != Handed::State::kOk) {
      return ward.queue.on_lease_lost(ward.queue.consumer());
    }
    const auto now = host_.now_ms();
    const auto next = result->next_due_ms;
    ward.due_at_ms = now + (next < 0 ? kTick : std::min<std::uint64_t>(kTick, next));
    ward.queue.take(std::move(*result), "due again");
    // More that is due already waits for room, which no clock can tell.
    wake_by(owner_.older_room(ward.queue) == 0 ? now + kTick : ward.due_at_ms);
  });
}

// ---- what others left ---------------------------------------------------------------------------

void Janitor::look_at_consumers(Ward& ward) {
  const auto now = host_.now_ms();
  if (ward.asking_consumers || !ward.left_behind.empty() || now < reclaim_from_ms_) {
    return;
  }
  const bool minute = now >= ward.minute_at_ms;
  if (minute) {
    ward.minute_at_ms = now + kMinute;
  }
  ward.asking_consumers = true;
  ward.queue.store().consumers([this, &ward, minute](Result<std::vector<ConsumerInfo>> result) {
    ward.asking_consumers = false;
    if (!result) {
      return ward.queue.on_error(result.error(), "looking at consumers");
    }
    std::int64_t pending = 0;
    const auto& own = ward.queue.consumer();
    for (const auto& consumer : *result) {
      pending += static_cast<std::int64_t>(consumer.pending);
      if (consumer.pending > 0) {
        if (consumer.name != own) {
          ward.left_behind.emplace_back(consumer.name, kLeftBehind);
        } else if (minute) {
          ward.left_behind.emplace_back(own, kOwnLost);
        }
      } else if (consumer.name != own && minute && consumer.idle_ms >= kForgetAfter.count()) {
        forget(ward, consumer.name);
      }
    }
    ward.queue.on_pending(pending);
    if (!ward.left_behind.empty()) {
      reclaim(ward, "-");
    }
  });
}

// Page by page, consumer by consumer, as long as there is room; the rest in later ticks.
void Janitor::reclaim(Ward& ward, const std::string& page) {
  const auto room = std::min(owner_.older_room(ward.queue), kPage);
  if (room == 0 || !ward.queue.serving()) {
    ward.left_behind.clear();
    return;
  }
  const auto& [from, idle] = ward.left_behind.front();
  ward.queue.store().reclaim(
      ward.queue.consumer(), from, idle, page, room, [this, &ward](Result<Handed> result) {
        if (!result || result->state == Handed::State::kLost) {
          ward.left_behind.clear();
          return result ? ward.queue.on_lease_lost(ward.queue.consumer())
                        : ward.queue.on_error(result.error(), "reclaiming");
        }
        const auto& name = ward.left_behind.front().first;
        if (!result->deliveries.empty() && name != ward.queue.consumer()) {
          log_.write(LogLevel::kNotice, "taken over from a worker that is gone",
                     {{"stream", ward.queue.stream()},
                      {"consumer", name},
                      {"entries", static_cast<std::int64_t>(result->deliveries.size())}});
        }
        const auto next = result->next_page;
        ward.queue.take(std::move(*result), "reclaimed");
        if (!next.empty()) {
          return reclaim(ward, next);
        }
        ward.left_behind.pop_front();
        if (!ward.left_behind.empty()) {
          reclaim(ward, "-");
        }
      });
}

void Janitor::forget(Ward& ward, const std::string& consumer) {
  ward.queue.store().forget_consumer(
      consumer, kForgetAfter, [this, &ward, consumer](const Result<bool>& removed) {
        if (removed && *removed) {
          log_.write(LogLevel::kInfo, "an unused consumer was removed",
                     {{"stream", ward.queue.stream()}, {"consumer", consumer}});
        }
      });
}

void Janitor::keep_mark(Ward& ward) {
  if (ward.marking) {
    return;
  }
  ward.marking = true;
  ward.queue.store().keep_mark([&ward](const Result<void>& result) {
    ward.marking = false;
    if (!result) {
      ward.queue.on_error(result.error(), "keeping the mark");
    }
  });
}

}  // namespace notify::worker
