#pragma once

// The counters of all nginx workers, in the shared zone. Each worker id has a slot of its own, so
// that a worker which ends, at a reload or a crash, is continued by the next one of that id. An
// increment is one relaxed addition in the worker's own cache lines.
//
// Gauges are a process' own: at a reload the old and the new one have the same id. Each process
// takes a place in its slot; that of a process which is gone is not shown, and taken by the next.
//
// Bounds: 512 worker ids, 4 processes of one id at a time, and the zone's size. A worker beyond
// counts where nobody looks, and says so in the error log.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "ngx_notify_module/ngx/zone.hpp"
#include "ngx_notify_module/stats/counter.hpp"

namespace notify::metrics {

using Cell = std::atomic<std::uint64_t>;
static_assert(Cell::is_always_lock_free, "it is shared between processes");

struct Slot {
  struct Place {
    std::atomic<std::int64_t> pid;  // 0: free
    std::array<Cell, kGauges> gauges;
  };
  std::array<Cell, kCounters> counters;
  std::array<Cell, kLatency.size()> latency;
  Cell latency_us;
  std::array<Place, 4> places;
};

class Board {
 public:
  explicit Board(const Zone* zone);  // takes its place; null: there is no zone
  ~Board();                          // gives the place back; the counters stay
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  void add(Counter counter, std::uint64_t number) {
    slot_->counters[static_cast<std::size_t>(counter)].fetch_add(number, std::memory_order_relaxed);
  }
  void set(Gauge gauge, std::uint64_t value) {
    place_->gauges[static_cast<std::size_t>(gauge)].store(value, std::memory_order_relaxed);
  }
  void answered_after(std::uint64_t us);

  // All workers, in Prometheus' text format 0.0.4: a series for each, or one for them all.
  [[nodiscard]] std::string text(bool sum);

 private:
  static constexpr std::size_t kSlots = 512;
  using Slots = std::array<Slot*, kSlots>;

  void take_place();

  std::optional<Zone> zone_;
  Slot own_{};  // where there is no room
  Slot* slot_ = &own_;
  Slot::Place* place_ = own_.places.data();
};

// Of this process; null where it counts nothing.
extern constinit Board* board;

inline void count(Counter counter, std::uint64_t number = 1) {
  if (board != nullptr) {
    board->add(counter, number);
  }
}

}  // namespace notify::metrics
