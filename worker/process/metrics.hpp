#pragma once

// What a worker counts, by prometheus-cpp. Names are in docs/operations.md. Labels have few values:
// the streams that the worker serves.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace notify::worker {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `outcome`: delivered, retried, dead. `took_ms`: of the request; negative where none was sent.
  void settled(const std::string& stream, const char* outcome, std::int64_t took_ms);
  // `how`: read, retried, reclaimed.
  void taken(const std::string& stream, const char* how, std::size_t entries);
  void trimmed(const std::string& stream, std::size_t entries);
  void pending(const std::string& stream, std::int64_t entries);
  void in_hand(std::size_t entries);
  // Of the catalogue: those that this worker serves, and those for which there is no place.
  void providers(std::size_t served, std::size_t without_place);
  // Of the catalogue: rejected, since nobody can acknowledge them any more.
  void requests_trimmed(std::size_t requests);
  void redis_link(bool ready);
  void redis_answer(std::uint64_t us);

  // Prometheus' text format 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace notify::worker
