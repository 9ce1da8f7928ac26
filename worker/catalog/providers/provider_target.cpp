#include "worker/catalog/providers/provider_target.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/delivery/http_verdict.hpp"
#include "worker/delivery/targets/slack_verdict.hpp"

namespace notify::worker {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view raw) {
  out += out.size() == 1 ? "\"" : ",\"";
  out += name;
  out += "\":";
  out += raw;
}

// Unless the provider's configuration says it in its own way.
void add_header(HttpRequest& request, std::string_view name, std::string value) {
  if (std::none_of(request.headers.begin(), request.headers.end(),
                   [name](const auto& header) { return iequals(header.first, name); })) {
    request.headers.emplace_back(name, std::move(value));
  }
}

}  // namespace

void ProviderTarget::configure(ProviderConfig config, bool active) {
  config_ = std::move(config);
  active_ = active;
}

Result<HttpRequest> ProviderTarget::build(const Delivery& delivery) const {
  if (!active_) {
    return invalid("the provider is not active any more");
  }
  if (config_.kind == ProviderConfig::Kind::kNone || !config_.errors.empty()) {
    return invalid("the provider's configuration has nowhere to deliver to");
  }
  const auto* text = delivery.entry.find("text");
  const auto* payload = delivery.entry.find("payload");
  const auto* request_id = delivery.entry.find("request");
  const auto* user = delivery.entry.find("user_id");
  if (text == nullptr || payload == nullptr || request_id == nullptr || user == nullptr ||
      !json::valid(*payload)) {
    return invalid("the entry is none of the catalogue's");
  }
  HttpRequest request;
  request.url = config_.url;
  request.body = "{";
  if (config_.kind == ProviderConfig::Kind::kSlack) {
    append_member(request.body, "text", json::quoted(*text));
  } else {
    append_member(request.body, "request_id", json::quoted(*request_id));
    append_member(request.body, "user_id", json::quoted(*user));
    append_member(request.body, "text", json::quoted(*text));
    append_member(request.body, "notification", *payload);
  }
  request.body += "}";
  const auto id = percent_encode(delivery.stream) + "/" + format_entry_id(delivery.entry.id);
  request.headers = config_.headers;
  add_header(request, "Content-Type", "application/json");
  add_header(request, "Idempotency-Key", id);
  add_header(request, "X-Notify-Delivery", id);
  add_header(request, "X-Notify-Attempt", std::to_string(delivery.attempts + 1));
  return request;
}

Verdict ProviderTarget::classify(const HttpResult& result) const {
  return config_.kind == ProviderConfig::Kind::kSlack ? slack::classify_webhook(result)
                                                      : classify_http(result);
}

}  // namespace notify::worker
