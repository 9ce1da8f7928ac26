#include "ngx_notify_module/stream/consumer_session.hpp"

#include <string>
#include <utility>

#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {

ConsumerSession::ConsumerSession(Sessions& sessions, ngx_http_request_t* r,
                                 const SubscribeConf& conf, OutChain& out,
                                 std::string_view& close_reason, Refuse refuse)
    : Outlet(sessions, r, conf, out, close_reason), format_(*conf.format), refuse_(refuse) {}

void ConsumerSession::start(const queue::Name& name, queue::Consumer::Options options) {
  name_ = name;
  begin();
  consumer_ = sessions().queues().join(name, std::move(options), *this);
}

// A frame for each entry, all in one piece: one buffer, one write.
hub::Flow ConsumerSession::deliver(std::span<const Entry> entries) {
  std::string text;
  for (const Entry& entry : entries) {
    text.append(format_.entry(name_.stream, entry));
  }
  const BytesRef piece(std::move(text));
  return send(std::span(&piece, 1));
}

void ConsumerSession::drained() {
  if (consumer_ != nullptr) {
    consumer_->drained();
  }
}

void ConsumerSession::ended(queue::End why, const Error* error) {
  switch (why) {
    case queue::End::kHeld:
      refusal_ =
          Error{ErrorKind::kConflict, "Consumer " + consumer_->name() + " is already connected"};
      close(CloseReason::kHeld, NGX_OK);
      break;
    case queue::End::kRefused:
      refusal_ = *error;
      close(CloseReason::kRefused, NGX_OK);
      break;
    case queue::End::kGroupLost:
      complete_ = true;
      close(CloseReason::kGroupLost, NGX_OK);
      break;
    case queue::End::kLeaseLost:
      complete_ = true;
      close(CloseReason::kLeaseLost, NGX_OK);
      break;
  }
}

ngx_int_t ConsumerSession::outcome() {
  if (refusal_) {
    return refuse_(request(), *refusal_);
  }
  return complete_ ? complete({}) : Outlet::outcome();
}

}  // namespace notify
