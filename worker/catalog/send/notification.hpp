#pragma once

// What a client sends, and what it acknowledges: bodies and their rules. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/validation.hpp"

namespace notify::worker {

struct Notification {
  std::string user_id;
  // The members that came and are known, as JSON: what the user is given, and the row holds.
  std::string payload;
  // Not of the notification itself: how it goes out.
  std::string channel = "push_notification";
  std::string template_id;      // empty: none is named
  std::string template_ref_id;  // likewise
  std::string data = "{}";      // for the template
  std::vector<FieldError> errors;

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

Notification read_notification(std::string_view body);

struct Acknowledgement {
  static constexpr std::size_t kMostIds = 1'000;

  std::string user_id;
  std::vector<std::string> message_ids;  // those that can be ids at all
  std::vector<FieldError> errors;

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

Acknowledgement read_acknowledgement(std::string_view body);

// For whom a token is to be made, and for how long it is to be good.
struct TokenOrder {
  std::string user_id;
  std::uint64_t seconds = 0;
  std::vector<FieldError> errors;

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

TokenOrder read_token_order(std::string_view body, std::uint64_t usual_seconds,
                            std::uint64_t most_seconds);

}  // namespace notify::worker
