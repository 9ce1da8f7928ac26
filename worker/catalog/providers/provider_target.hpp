#pragma once

// What goes out through a provider of the catalogue: an entry with `request`, `user_id`, `text` and
// `payload`. Slack gets {"text": …}; a webhook gets all of it:
//
//   {"request_id":…,"user_id":…,"text":…,"notification":…}

#include <string>

#include "worker/catalog/providers/provider_config.hpp"
#include "worker/delivery/target.hpp"

namespace notify::worker {

class ProviderTarget final : public Target {
 public:
  // What is on its way goes by the configuration of the moment.
  void configure(ProviderConfig config, bool active);

  [[nodiscard]] Result<HttpRequest> build(const Delivery& delivery) const override;
  [[nodiscard]] Verdict classify(const HttpResult& result) const override;

 private:
  ProviderConfig config_;
  bool active_ = false;
};

}  // namespace notify::worker
