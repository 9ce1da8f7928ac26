#include "ngx_notify_module/stream/subscribe_conf.hpp"

#include "ngx_notify_module/wire/sse.hpp"

namespace notify {

Result<void> SubscribeConf::merge(const MergeScope& scope, const SubscribeConf& parent) {
  if (scope.same_location) {
    key = parent.key;
  }
  if (!format) {
    format = parent.format ? parent.format : std::make_shared<SseFormat>();
  }
  if (!opening) {
    opening = parent.opening;
  }
  inherit(retry, parent.retry, 0);
  inherit(keepalive, parent.keepalive, Keepalive{20'000, ""});
  inherit(send_timeout, parent.send_timeout, 60'000);

  const Opening first = opening.value_or(Opening{});
  std::string frame = sse::opening(*retry > 0 ? std::optional<std::uint64_t>(*retry) : std::nullopt,
                                   first.name, first.data);
  first_frame = frame.empty() ? hub::BytesRef() : hub::BytesRef(std::move(frame));
  heartbeat = hub::BytesRef(sse::comment(keepalive->text));
  return {};
}

}  // namespace notify
