#pragma once

// How a notification goes out besides the user's stream: through which provider, with which
// template, as which text. For jobs of the SQL pool.
//
// Two steps: rows are chosen, which takes a database, and the text is made of them, which takes
// time: a schema is gone through, a template rendered. The second one is no business of a
// transaction, which may keep everybody else from writing.
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
#include "worker/catalog/send/notification.hpp"
#include "worker/catalog/templates/mustache.hpp"

namespace notify::worker {

// Values alone, so that a transaction can tell whether they are still the same.
struct DeliveryChoice {
  enum class Refusal { kNone, kTemplate, kProvider };
  struct Template {
    std::string id;
    std::string provider_id;
    std::string meta_data;
    std::string schema;
    bool operator==(const Template&) const = default;
  };

  Refusal refusal = Refusal::kNone;
  std::string provider_id;      // empty: none
  std::string provider_config;  // as it is stored
  std::optional<Template> chosen;
  bool named = false;  // the template, by the send

  bool operator==(const DeliveryChoice&) const = default;
};

// What one send may cost.
struct PlanBounds {
  std::size_t schema_steps = 0;
  Mustache::Bounds text;
};

struct DeliveryPlan {
  std::optional<Answer> refused;
  std::string provider_id;  // empty: none
  std::string template_id;  // likewise
  bool goes_out = false;
  std::string text;
};

// `provider_id` is what a superuser names; it may be empty.
Result<DeliveryChoice> choose_delivery(sql::Session& session, const Notification& notification,
                                       const std::string& channel_id,
                                       const std::string& provider_id);
// Needs no database.
DeliveryPlan plan_delivery(const DeliveryChoice& choice, const Notification& notification,
                           const PlanBounds& bounds);

}  // namespace notify::worker
