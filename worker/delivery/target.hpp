#pragma once

// A kind of receiver: turns a delivery into an HTTP request, and the result into a verdict. Pure:
// no clock, no network, no state; so the policy of retries is a table (tests/test_slack.cpp).

#include <optional>

#include "shared/base/result.hpp"
#include "shared/model/delivery.hpp"
#include "worker/delivery/http.hpp"

namespace notify::worker {

class Target {
 public:
  virtual ~Target() = default;
  // An error: this entry can never be delivered. It becomes a dead letter with that reason.
  [[nodiscard]] virtual Result<HttpRequest> build(const Delivery& delivery) const = 0;
  // Absent: nobody is expected to answer it.
  [[nodiscard]] virtual std::optional<Tracking> tracking(const Delivery& /*delivery*/) const {
    return std::nullopt;
  }
  [[nodiscard]] virtual Verdict classify(const HttpResult& result) const = 0;
};

}  // namespace notify::worker
