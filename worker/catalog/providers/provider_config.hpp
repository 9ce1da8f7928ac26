#pragma once

// What a provider's `config` says about deliveries. Pure.
//
//   type             "slack" or "webhook"; by the URL where it is absent. Another one is kept, and
//                    nothing is delivered through it.
//   url              of the webhook, http:// or https:// (or webhook_url)
//   headers          further ones of its requests, names and texts
//   template_ref_id  of the template that is used where a send names none

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/model/validation.hpp"

namespace notify::worker {

struct ProviderConfig {
  enum class Kind { kNone, kSlack, kWebhook };

  Kind kind = Kind::kNone;
  std::string url;  // a secret as a whole
  std::vector<std::pair<std::string, std::string>> headers;
  std::string template_ref_id;
  std::vector<FieldError> errors;
};

ProviderConfig read_provider_config(std::string_view raw);

}  // namespace notify::worker
