#pragma once

// How a notification goes out besides the user's stream: through which provider, with which
// template, as which text. For jobs of the SQL pool.
//
//   provider  the one that is named, or the named template's; else the newest active one of the
//             channel whose configuration has somewhere to deliver to; none: nothing goes out
//   template  the one that is named; else what the provider's configuration names
//             (template_ref_id); else the newest active one of the provider; none: title and
//             message
//   data      the notification's members, and those of `data` over them

#include <optional>
#include <string>

#include "shared/sql/session.hpp"
#include "worker/catalog/answer.hpp"
#include "worker/catalog/notification.hpp"

namespace notify::worker {

struct DeliveryPlan {
  std::optional<Answer> refused;
  std::string provider_id;  // empty: none
  std::string template_id;  // likewise
  bool goes_out = false;
  std::string text;
};

// `provider_id` is what a superuser names; it may be empty.
Result<DeliveryPlan> plan_delivery(sql::Session& session, const Notification& notification,
                                   const std::string& channel_id, const std::string& provider_id);

}  // namespace notify::worker
