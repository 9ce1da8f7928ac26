#include "ngx_notify_module/stream/subscribe_conf.hpp"

#include "ngx_notify_module/wire/sse.hpp"

namespace notify {

Result<void> SubscribeConf::merge(const MergeScope& scope, const SubscribeConf& parent) {
  if (scope.same_location) {
    streams = parent.streams;
  }
  const bool own_look = format || websocket;
  if (!format) {
    format = parent.format ? parent.format : std::make_shared<SseFormat>();
  }
  if (!opening) {
    opening = parent.opening;
  }
  // What the stream's first event is called no entry may be called. Formats are shared: a copy.
  bool own_opening = false;
  if (opening && !opening->name.empty() && !format->rules().is_reserved(opening->name)) {
    format = std::make_shared<SseFormat>(*format);
    format->reserve(opening->name);
    own_opening = true;
  }
  open_format = std::make_shared<const SseOpenFormat>(format);
  inherit(replay, parent.replay, Replay{});
  inherit(retry, parent.retry, 0);
  inherit(keepalive, parent.keepalive, Keepalive{20'000, ""});
  inherit(send_timeout, parent.send_timeout, 60'000);
  inherit(websocket, parent.websocket, WebSocketConf{});
  inherit(pong_timeout, parent.pong_timeout, 10'000);
  inherit(message_timeout, parent.message_timeout, 30'000);

  const Opening first = opening.value_or(Opening{});
  std::string frame = sse::opening(*retry > 0 ? std::optional<std::uint64_t>(*retry) : std::nullopt,
                                   first.name, first.data);
  if (keepalive->at_once) {
    frame.insert(0, sse::comment(keepalive->text));
  }
  first_frame = frame.empty() ? BytesRef() : BytesRef(std::move(frame));
  // One format for all locations that look alike: a frame is rendered once for each.
  message_format = own_look || own_opening || !parent.message_format
                       ? std::make_shared<const MessageFormat>(format, websocket->shape)
                       : parent.message_format;
  open_message_format = std::make_shared<const OpenMessageFormat>(message_format);
  if (!first.name.empty() || !first.data.empty()) {
    first_message = BytesRef(message::frame(websocket->shape, {first.data, first.name, ""}));
  }
  heartbeat = BytesRef(sse::comment(keepalive->text));
  later_heartbeat = streams.size() > 1 || format->rules().has_ids()
                        ? BytesRef(sse::comment_line(keepalive->text))
                        : heartbeat;
  return {};
}

}  // namespace notify
