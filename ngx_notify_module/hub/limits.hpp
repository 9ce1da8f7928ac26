#pragma once

// Every bound of the hub, and what it counts.

#include <cstddef>
#include <cstdint>

namespace notify::hub {

struct Limits {
  unsigned ring_entries = 1024;
  std::size_t ring_bytes = 1024 * 1024;
  unsigned page_entries = 128;          // of one read (in bytes it is bounded by the source)
  std::size_t batch_bytes = 64 * 1024;  // of one deliver(); at least one frame
  std::size_t piece_bytes = 16 * 1024;  // small frames in a row are sent as one piece of memory
  unsigned turn_subscribers = 256;      // served in one turn (notify_fanout_batch)
  unsigned early_entries = 256;         // bells kept while a channel catches up
  std::size_t early_bytes = 256 * 1024;
  unsigned max_reads = 32;           // upstream reads in flight
  unsigned check_batch = 128;        // streams in one check()
  unsigned idle_channels = 4096;     // that linger; beyond, the longest idle one goes at once
  std::uint64_t linger_ms = 10'000;  // a channel outlives its last subscriber by
  std::uint64_t ring_ms = 60'000;    // a frame stays in the ring
  std::uint64_t check_ms = 1'000;    // position check of each channel
  std::uint64_t suspect_ms = 1'000;  // between two reads that only verify a suspicion
  // Full check (a read) of each channel: the fewer there are, the sooner it comes round.
  std::uint64_t verify_ms = 60'000;
  std::uint64_t verify_rate = 32;  // so many in a second need not wait that long; 0: all do
};

struct Figures {  // for metrics and tests
  std::size_t channels = 0;
  std::size_t subscribers = 0;
  std::size_t replaying = 0;
  std::uint64_t delivered = 0;    // frames, for each subscriber
  std::uint64_t gaps = 0;         // on a channel, or to one subscriber that resumed
  std::uint64_t catch_ups = 0;    // a channel read what its bells had not brought
  std::uint64_t fell_behind = 0;  // a subscriber's position left the ring
};

}  // namespace notify::hub
