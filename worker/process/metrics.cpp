#include "worker/process/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace notify::worker {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets& delivery_buckets() {
  static const Buckets buckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return buckets;
}

Buckets redis_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2};
}

// `Build` is one of prometheus::Build…().
template <class Builder>
auto& make(prometheus::Registry& registry, Builder builder, const char* name, const char* help) {
  return builder.Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;

  prometheus::Family<prometheus::Counter>& settled =
      make(registry, prometheus::BuildCounter(), "notify_worker_deliveries_total",
           "Attempts to deliver an entry, by stream and outcome.");
  prometheus::Family<prometheus::Histogram>& took =
      make(registry, prometheus::BuildHistogram(), "notify_worker_delivery_seconds",
           "Time from a request to a destination to its answer or failure.");
  prometheus::Family<prometheus::Counter>& taken =
      make(registry, prometheus::BuildCounter(), "notify_worker_taken_total",
           "Entries taken into hand, by stream and how.");
  prometheus::Family<prometheus::Counter>& trimmed =
      make(registry, prometheus::BuildCounter(), "notify_worker_trimmed_total",
           "Entries that were deleted before they were delivered.");
  prometheus::Family<prometheus::Gauge>& pending =
      make(registry, prometheus::BuildGauge(), "notify_worker_pending",
           "Entries of the stream's group that are not settled, of all workers.");
  prometheus::Family<prometheus::Gauge>& hand =
      make(registry, prometheus::BuildGauge(), "notify_worker_in_hand",
           "Entries that this worker has in hand.");
  prometheus::Family<prometheus::Gauge>& up = make(
      registry, prometheus::BuildGauge(), "notify_worker_redis_up", "1 while Redis is connected.");
  prometheus::Family<prometheus::Counter>& links =
      make(registry, prometheus::BuildCounter(), "notify_worker_redis_links_total",
           "Connections to Redis that came to be ready; beyond the first they are reconnects.");
  prometheus::Family<prometheus::Histogram>& answers =
      make(registry, prometheus::BuildHistogram(), "notify_worker_redis_latency_seconds",
           "Time from a command to its answer, on the command connection.");

  prometheus::Family<prometheus::Gauge>& providers =
      make(registry, prometheus::BuildGauge(), "notify_worker_providers",
           "Providers of the catalogue that this worker serves.");
  prometheus::Family<prometheus::Gauge>& placeless =
      make(registry, prometheus::BuildGauge(), "notify_worker_providers_without_place",
           "Providers of the catalogue that nobody serves, since there are too many.");

  prometheus::Family<prometheus::Counter>& cut =
      make(registry, prometheus::BuildCounter(), "notify_worker_requests_trimmed_total",
           "Requests of the catalogue whose entry was gone before it was acknowledged.");

  // There from the start: what never happened is 0, and not missing.
  prometheus::Gauge& in_hand = hand.Add({});
  prometheus::Gauge& redis_up = up.Add({});
  prometheus::Gauge& served = providers.Add({});
  prometheus::Gauge& without_place = placeless.Add({});
  prometheus::Counter& requests_trimmed = cut.Add({});
  prometheus::Counter& redis_links = links.Add({});
  prometheus::Histogram& redis_latency = answers.Add({}, redis_buckets());
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::settled(const std::string& stream, const char* outcome, std::int64_t took_ms) {
  families_->settled.Add({{"stream", stream}, {"outcome", outcome}}).Increment();
  if (took_ms >= 0) {
    families_->took.Add({{"stream", stream}}, delivery_buckets())
        .Observe(static_cast<double>(took_ms) / 1e3);
  }
}

void Metrics::taken(const std::string& stream, const char* how, std::size_t entries) {
  families_->taken.Add({{"stream", stream}, {"how", how}}).Increment(static_cast<double>(entries));
}

void Metrics::trimmed(const std::string& stream, std::size_t entries) {
  families_->trimmed.Add({{"stream", stream}}).Increment(static_cast<double>(entries));
}

void Metrics::pending(const std::string& stream, std::int64_t entries) {
  families_->pending.Add({{"stream", stream}}).Set(static_cast<double>(entries));
}

void Metrics::in_hand(std::size_t entries) { families_->in_hand.Set(static_cast<double>(entries)); }

void Metrics::providers(std::size_t served, std::size_t without_place) {
  families_->served.Set(static_cast<double>(served));
  families_->without_place.Set(static_cast<double>(without_place));
}

void Metrics::requests_trimmed(std::size_t requests) {
  families_->requests_trimmed.Increment(static_cast<double>(requests));
}

void Metrics::redis_link(bool ready) {
  families_->redis_up.Set(ready ? 1 : 0);
  if (ready) {
    families_->redis_links.Increment();
  }
}

void Metrics::redis_answer(std::uint64_t us) {
  families_->redis_latency.Observe(static_cast<double>(us) / 1e6);
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace notify::worker
