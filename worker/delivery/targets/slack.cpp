#include "worker/delivery/targets/slack.hpp"

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/delivery/http_verdict.hpp"

namespace notify::worker {

Result<HttpRequest> SlackTarget::build(const Delivery& delivery) const {
  const auto* message = delivery.entry.find("message");
  if (message == nullptr) {
    return invalid("the entry has no field `message`");
  }
  HttpRequest request;
  request.url = webhook_url_;
  // A stream's name may be any bytes, a header's value may not.
  const auto id = percent_encode(delivery.stream) + "/" + format_entry_id(delivery.entry.id);
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", id},
                     {"X-Notify-Delivery", id},
                     {"X-Notify-Attempt", std::to_string(delivery.attempts + 1)}};
  request.body.reserve(message->size() + 16);
  request.body = R"({"text":)";
  json::append_quoted(request.body, *message);
  request.body += '}';
  return request;
}

Verdict SlackTarget::classify(const HttpResult& result) const { return classify_http(result); }

}  // namespace notify::worker
