#include "ngx_notify_module/stats/board.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <span>
#include <utility>

namespace notify::metrics {
namespace {

bool is_alive(std::int64_t pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH);
}

std::uint64_t value(const Cell& cell) { return cell.load(std::memory_order_relaxed); }

using Some = std::span<const Slot* const>;

std::uint64_t gauge_of(const Slot& slot, std::size_t index) {
  std::uint64_t sum = 0;
  for (const Slot::Place& place : slot.places) {
    if (is_alive(place.pid.load(std::memory_order_relaxed))) {
      sum += value(place.gauges[index]);
    }
  }
  // Two processes of one id, while one of them is ending, are no more than one that is there.
  constexpr auto kFirstState = static_cast<std::size_t>(Gauge::kCommandsUp);
  return index >= kFirstState ? std::min<std::uint64_t>(sum, 1) : sum;
}

class Text {
 public:
  Text(Some slots, bool sum) : slots_(slots), sum_(sum) {}

  template <class Read>
  void rows(std::span<const Row> all, std::string_view type, Read read) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].help.empty()) {
        head(all[i].name, all[i].help, type);
      }
      each([&](std::string_view worker, Some some) {
        std::uint64_t number = 0;
        for (const Slot* slot : some) {
          number += slot == nullptr ? 0 : read(*slot, i);
        }
        sample(all[i].name, all[i].label, worker, std::to_string(number));
      });
    }
  }

  void histogram(std::string_view name, std::string_view help) {
    head(name, help, "histogram");
    each([&](std::string_view worker, Some some) {
      std::uint64_t number = 0;
      for (std::size_t i = 0; i < kLatency.size(); ++i) {
        for (const Slot* slot : some) {
          number += slot == nullptr ? 0 : value(slot->latency[i]);
        }
        sample(std::string(name) + "_bucket", "le=\"" + std::string(kLatency[i].le) + "\"", worker,
               std::to_string(number));
      }
      std::uint64_t us = 0;
      for (const Slot* slot : some) {
        us += slot == nullptr ? 0 : value(slot->latency_us);
      }
      std::string part = std::to_string(us % 1'000'000);
      part.insert(0, 6 - part.size(), '0');
      sample(std::string(name) + "_sum", "", worker, std::to_string(us / 1'000'000) + "." + part);
      sample(std::string(name) + "_count", "", worker, std::to_string(number));
    });
  }

  std::string take() { return std::move(out_); }

 private:
  template <class Show>
  void each(Show show) {
    if (sum_) {
      return show("", slots_);
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] != nullptr) {
        show("worker=\"" + std::to_string(i) + "\"", slots_.subspan(i, 1));
      }
    }
  }

  void head(std::string_view name, std::string_view help, std::string_view type) {
    out_.append("# HELP notify_").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE notify_").append(name).append(" ").append(type).append("\n");
  }

  void sample(std::string_view name, std::string_view label, std::string_view worker,
              std::string_view number) {
    out_.append("notify_").append(name);
    if (!label.empty() || !worker.empty()) {
      out_.append("{").append(label).append(label.empty() || worker.empty() ? "" : ",");
      out_.append(worker).append("}");
    }
    out_.append(" ").append(number).append("\n");
  }

  const Some slots_;
  const bool sum_;
  std::string out_;
};

}  // namespace

constinit Board* board = nullptr;

Board::Board(const Zone* zone) : zone_(zone == nullptr ? std::nullopt : std::optional(*zone)) {
  if (zone_) {
    take_place();
  }
}

void Board::take_place() {
  const std::size_t worker = ngx_worker;
  const bool found = worker < kSlots && zone_->locked([&] {
    if (zone_->root() == nullptr) {
      zone_->set_root(zone_->allocate(sizeof(Slots)));
    }
    auto* slots = static_cast<Slots*>(zone_->root());
    if (slots == nullptr) {
      return false;
    }
    Slot*& slot = (*slots)[worker];
    if (slot == nullptr) {
      slot = static_cast<Slot*>(zone_->allocate(sizeof(Slot)));
    }
    if (slot == nullptr) {
      return false;
    }
    slot_ = slot;
    for (Slot::Place& place : slot->places) {
      if (!is_alive(place.pid.load(std::memory_order_relaxed))) {
        for (Cell& gauge : place.gauges) {
          gauge.store(0, std::memory_order_relaxed);
        }
        place.pid.store(ngx_pid, std::memory_order_relaxed);
        place_ = &place;
        return true;
      }
    }
    return false;
  });
  if (!found) {
    log_text(NGX_LOG_WARN, ngx_cycle->log,
             "notify: \"notify_zone\" has no room for the figures of this worker, or of so many "
             "that are ending: notify_metrics does not show all of them");
  }
}

Board::~Board() { place_->pid.store(0, std::memory_order_relaxed); }

void Board::answered_after(std::uint64_t us) {
  std::size_t i = 0;
  while (us > kLatency[i].us) {
    ++i;
  }
  slot_->latency[i].fetch_add(1, std::memory_order_relaxed);
  slot_->latency_us.fetch_add(us, std::memory_order_relaxed);
}

std::string Board::text(bool sum) {
  Slots known{};
  if (zone_) {
    zone_->locked([&] {
      if (zone_->root() != nullptr) {
        known = *static_cast<const Slots*>(zone_->root());
      }
    });
  }
  Text text(known, sum);
  text.rows(kCounterRows, "counter",
            [](const Slot& slot, std::size_t i) { return value(slot.counters[i]); });
  text.rows(kGaugeRows, "gauge", &gauge_of);
  text.histogram("redis_latency_seconds",
                 "Time from a command to its answer, on the command connection.");
  return text.take();
}

}  // namespace notify::metrics
