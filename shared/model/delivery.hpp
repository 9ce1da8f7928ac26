#pragma once

// One entry of a stream on its way to a destination outside, and what became of it.

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "shared/model/entry.hpp"

namespace notify {

// The highest `max attempts` that can be configured.
inline constexpr unsigned kMostAttempts = 100;

struct Delivery {
  std::string stream;
  std::string group;
  std::string consumer;  // the name under which it was taken: it is pending there
  Entry entry;
  unsigned attempts = 0;     // that went on the wire before
  std::string request = {};  // that has published it (is_request_id); empty: not known

  // Goes along to the receiver, the same at each attempt, so that he can tell a repeat.
  [[nodiscard]] std::string id() const { return stream + "/" + format_entry_id(entry.id); }
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// Of a delivery that somebody is to answer: it is remembered from its first attempt on, and
// reminded of until then (shared/redis/schema_notices.hpp).
struct Tracking {
  std::string name;
  std::string record;   // key of the hash that remembers it
  std::string waiting;  // key of the sorted set of those that wait
  Fields fields;        // of the hash, at first
  std::chrono::milliseconds remind_after{0};
};

// What a result means for a delivery.
struct Done {
  Fields facts = {};  // what the receiver said about it that is worth keeping
};

struct Later {
  // At the earliest. Absent: by the sender's backoff.
  std::optional<std::chrono::milliseconds> after;
  bool costs_attempt = true;
  // The destination has asked to be left alone: nothing else goes there before that time either.
  bool holds_destination = false;
  std::string why;
};

struct Dead {
  std::string why;
};

using Verdict = std::variant<Done, Later, Dead>;

}  // namespace notify
