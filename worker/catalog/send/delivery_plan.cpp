#include "worker/catalog/send/delivery_plan.hpp"

#include <utility>
#include <vector>

#include "shared/base/json.hpp"
#include "worker/catalog/nouns/noun.hpp"
#include "worker/catalog/providers/provider_config.hpp"
#include "worker/catalog/templates/template_schema.hpp"
#include "worker/catalog/templates/template_text.hpp"

namespace notify::worker {
namespace {

using sql::Session;

using Template = DeliveryChoice::Template;
using Refusal = DeliveryChoice::Refusal;

struct Provider {
  std::string id;
  std::string raw;
  ProviderConfig config;
};

constexpr std::size_t kMostLookedAt = 20;

DeliveryPlan refusal(const Codes& codes, std::string_view noun) {
  DeliveryPlan plan;
  std::string title(noun);
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  plan.refused = failure(404, codes.missing, title + " not found",
                         "There is no such active " + std::string(noun) + " in this channel");
  return plan;
}

Result<std::optional<Template>> find_template(Session& session, const std::string& condition,
                                              const sql::Parameters& parameters) {
  auto rows = session.query(
      "SELECT CAST(id AS TEXT), CAST(provider_id AS TEXT), meta_data, schema FROM templates WHERE "
      "is_active = TRUE AND " +
          condition + " ORDER BY created_at DESC, id LIMIT 1",
      4, parameters);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return std::optional<Template>();
  }
  const auto& row = rows->front();
  return std::optional(
      Template{row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or("")});
}

// The newest one that fits; without an id one that can deliver.
Result<std::optional<Provider>> find_provider(Session& session, const std::string& channel_id,
                                              const std::string& id) {
  sql::Parameters parameters{channel_id};
  if (!id.empty()) {
    parameters.emplace_back(id);
  }
  auto rows = session.query(
      std::string("SELECT CAST(id AS TEXT), config FROM providers WHERE is_active = TRUE AND "
                  "channel_id = ?") +
          (id.empty() ? "" : " AND id = ?") + " ORDER BY created_at DESC, id LIMIT " +
          std::to_string(kMostLookedAt),
      2, parameters, Session::Keep::kYes);
  if (!rows) {
    return rows.error();
  }
  for (const auto& row : *rows) {
    Provider provider{row[0].value_or(""), row[1].value_or("{}"), {}};
    provider.config = read_provider_config(provider.raw);
    if (!id.empty() ||
        (provider.config.kind != ProviderConfig::Kind::kNone && provider.config.errors.empty())) {
      return std::optional(std::move(provider));
    }
  }
  return std::optional<Provider>();
}

std::string member_text(std::string_view object, std::string_view name) {
  const auto parsed = json::parse_value(object);
  const auto members =
      parsed ? json::members(*parsed) : Result<std::vector<json::Member>>(parsed.error());
  const auto* value = members ? json::find(*members, name) : nullptr;
  return value == nullptr ? std::string() : json::unquote(*value);
}

// The later one of two members of a name counts.
std::string merged(std::string_view first, std::string_view second) {
  std::string out(first.substr(0, first.rfind('}')));
  const auto inner = second.substr(second.find('{') + 1);
  const bool both = out.find('"') != std::string::npos && inner.find('"') != inner.npos;
  out += both ? "," : "";
  out += inner;
  return out;
}

// A text, or a number as it is written; else empty.
std::string member_shown(std::string_view object, std::string_view name) {
  const auto parsed = json::parse_value(object);
  const auto members =
      parsed ? json::members(*parsed) : Result<std::vector<json::Member>>(parsed.error());
  const auto* value = members ? json::find(*members, name) : nullptr;
  if (value == nullptr) {
    return {};
  }
  return value->kind == json::Kind::kNumber ? std::string(value->raw) : json::unquote(*value);
}

std::string plain_text(const std::string& payload, bool slack) {
  const auto escape = slack ? Escape::kSlack : Escape::kNone;
  const auto title = escaped(member_shown(payload, "title"), escape);
  const auto message = escaped(member_shown(payload, "message"), escape);
  if (title.empty() && message.empty()) {
    return escaped(payload, escape);
  }
  if (title.empty() || message.empty()) {
    return title + message;
  }
  return (slack ? "*" + title + "*" : title) + "\n" + message;
}

FieldError template_error(std::string message) {
  return {"template_error", {"body", "data"}, std::nullopt, std::move(message), "null", {}};
}

void render(const Notification& notification, const Template& chosen, bool named, bool slack,
            const PlanBounds& bounds, DeliveryPlan& plan) {
  // What a client sends for a template has to fit its schema; without, its notification has to.
  const bool own_data = named || notification.data != "{}";
  if (!chosen.schema.empty()) {
    const auto errors = validate_data(
        chosen.schema, own_data ? notification.data : notification.payload, bounds.schema_steps);
    if (!errors.empty()) {
      plan.refused = validation_failure(errors);
      return;
    }
  }
  const auto text = member_text(chosen.meta_data, "text");
  if (text.empty()) {
    plan.text = plain_text(notification.payload, slack);
    return;
  }
  auto rendered = render_template(text, merged(notification.payload, notification.data),
                                  slack ? Escape::kSlack : Escape::kNone, bounds.text);
  if (!rendered) {
    plan.refused =
        validation_failure(std::vector{template_error("Template: " + rendered.error().message)});
    return;
  }
  plan.text = std::move(*rendered);
}

DeliveryChoice refused(Refusal refusal) {
  DeliveryChoice out;
  out.refusal = refusal;
  return out;
}

// Which template the provider uses where the send names none.
Result<std::optional<Template>> template_of(Session& session, const Provider& provider) {
  const auto& named = provider.config.template_ref_id;
  sql::Parameters parameters{provider.id};
  if (!named.empty()) {
    parameters.emplace_back(named);
  }
  return find_template(
      session, std::string("provider_id = ?") + (named.empty() ? "" : " AND template_ref_id = ?"),
      parameters);
}

}  // namespace

Result<DeliveryChoice> choose_delivery(Session& session, const Notification& notification,
                                       const std::string& channel_id,
                                       const std::string& provider_id) {
  const bool by_id = !notification.template_id.empty();
  DeliveryChoice out;
  out.named = by_id || !notification.template_ref_id.empty();
  if (out.named) {
    auto found = find_template(
        session, std::string("channel_id = ? AND ") + (by_id ? "id" : "template_ref_id") + " = ?",
        {channel_id, by_id ? notification.template_id : notification.template_ref_id});
    if (!found) {
      return found.error();
    }
    if (!*found || (!provider_id.empty() && (*found)->provider_id != provider_id)) {
      return refused(Refusal::kTemplate);
    }
    out.chosen = std::move(*found);
  }
  const auto wanted = provider_id.empty() && out.chosen ? out.chosen->provider_id : provider_id;
  auto provider = find_provider(session, channel_id, wanted);
  if (!provider) {
    return provider.error();
  }
  if (!*provider) {
    return wanted.empty() ? DeliveryChoice() : refused(Refusal::kProvider);
  }
  out.provider_id = (*provider)->id;
  out.provider_config = (*provider)->raw;
  if (!out.chosen) {
    auto found = template_of(session, **provider);
    if (!found) {
      return found.error();
    }
    out.chosen = std::move(*found);
  }
  return out;
}

DeliveryPlan plan_delivery(const DeliveryChoice& choice, const Notification& notification,
                           const PlanBounds& bounds) {
  if (choice.refusal != Refusal::kNone) {
    return choice.refusal == Refusal::kTemplate ? refusal(kTemplateCodes, "template")
                                                : refusal(kProviderCodes, "provider");
  }
  DeliveryPlan plan;
  if (choice.provider_id.empty()) {
    return plan;
  }
  const auto config = read_provider_config(choice.provider_config);
  plan.provider_id = choice.provider_id;
  plan.template_id = choice.chosen ? choice.chosen->id : "";
  plan.goes_out = config.kind != ProviderConfig::Kind::kNone && config.errors.empty();
  const bool slack = config.kind == ProviderConfig::Kind::kSlack;
  if (choice.chosen) {
    render(notification, *choice.chosen, choice.named, slack, bounds, plan);
  } else {
    plan.text = plain_text(notification.payload, slack);
  }
  return plan;
}

}  // namespace notify::worker
