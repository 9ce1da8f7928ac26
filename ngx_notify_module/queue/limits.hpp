#pragma once

// Every bound of the work queues of an nginx worker, and what it counts.

#include <cstddef>
#include <cstdint>

#include "shared/redis/schema_queues.hpp"

namespace notify::queue {

struct Limits {
  unsigned take_consumers = 32;         // asked for in one take or claim
  unsigned take_entries = 256;          // that one take or claim asks for, over all of them
  unsigned consumer_entries = 64;       // of these, for one consumer
  std::size_t take_bytes = 256 * 1024;  // of one answer, about: at least one entry
  std::size_t gather_hand = 16;         // consumers that have so many in flight, and room for
  unsigned gather_part = 4;             // less than 1/gather_part of their limit, are asked for
  std::uint64_t gather_ms = 3;          // together, this much later
  unsigned audit_entries = 256;         // in one audit
  unsigned renew_consumers = 256;       // in one renewal
  std::size_t early_ids = 1024;         // heard to be done while an answer is on its way
  unsigned turn_groups = 64;            // that ask in one turn
  unsigned max_asking = 256;            // groups with an operation in flight
  std::uint64_t look_ms = 1'000;        // between two looks at a stream that rang no bell
  std::uint64_t lease_ms = redis::kLeaseMs;
  std::uint64_t renew_ms = redis::kRenewMs;
  std::uint64_t held_ms = 300;             // until a name that is held is asked for once more
  std::uint64_t gone_ms = redis::kGoneMs;  // without a sign of life of who holds a name
  std::uint64_t held_most_ms = 5'000;      // who asks for a held name has its answer then
  std::uint64_t claim_ms = 15'000;         // a claim that nobody has called for
  std::uint64_t audit_ms = 30'000;   // are the entries that we count as in flight still pending?
  std::uint64_t mark_ms = 5'000;     // between two updates of the mark
  std::uint64_t retry_ms = 500;      // after an operation that failed
  std::uint64_t recall_ms = 1'000;   // what a look at what was given goes back beyond the loss
  std::uint64_t linger_ms = 10'000;  // a group outlives its last consumer here by
};

struct Figures {  // for metrics and tests
  std::size_t groups = 0;
  std::size_t consumers = 0;
  std::size_t in_flight = 0;
  std::uint64_t delivered = 0;    // entries handed to a sink
  std::uint64_t reclaimed = 0;    // of these, entries that were not finished in time
  std::uint64_t finished = 0;     // entries in flight here that were heard to be done
  std::uint64_t orphaned = 0;     // given to a consumer, and seen by no client: requeued
  std::uint64_t gone = 0;         // acknowledged, since the body was trimmed
  std::uint64_t dead = 0;         // delivered too often
  std::uint64_t groups_lost = 0;  // took place under connected consumers
  std::uint64_t restored = 0;     // groups that began again at their mark
  std::uint64_t leases_lost = 0;
  std::uint64_t failures = 0;   // operations that failed
  std::uint64_t corrected = 0;  // entries that an audit found to be somewhere else, or done
};

}  // namespace notify::queue
