#include "ngx_notify_module/subscribe/upgrade.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/receive.hpp"
#include "ngx_notify_module/websocket/handshake.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr ngx_uint_t kUpgradeRequired = 426;
constexpr std::uint64_t kCloseMs = 5000;  // for the client's answer to our Close

// The values of all headers of that name, joined by commas.
std::optional<std::string> joined(const ngx_http_request_t* r, std::string_view name) {
  std::optional<std::string> values;
  for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (iequals(view(headers[i].key), name)) {
        values = values ? *values + "," : "";
        values->append(view(headers[i].value));
      }
    }
  }
  return values;
}

// The first one that the client names and that is agreed to here.
std::string agreed(const ngx_http_request_t* r, const std::vector<std::string>& known) {
  const std::string offered = joined(r, "Sec-WebSocket-Protocol").value_or("");
  std::string_view rest = offered;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = trim(rest.substr(0, comma));
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      return std::string(name);
    }
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return {};
}

ngx_int_t refuse(ngx_http_request_t* r, const websocket::Answer& answer) {
  if (answer.kind == websocket::Answer::Kind::kUnknownVersion) {
    const Header headers[] = {
        {"Sec-WebSocket-Version", "13"}, {"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
    return fail(r, kUpgradeRequired, answer.problem, headers);
  }
  return fail(r, NGX_HTTP_BAD_REQUEST, answer.problem);
}

}  // namespace

Upgrade upgrade_of(ngx_http_request_t* r, const LocConf& conf) {
  const SubscribeConf& settings = conf.get<SubscribeConf>();
  const std::optional<std::string> upgrade = joined(r, "Upgrade");
  websocket::Request request;
  request.upgrade = upgrade;
  request.http_1_1 = r->http_version == NGX_HTTP_VERSION_11;
  if (!settings.websocket->enabled || r->method != NGX_HTTP_GET || !request.http_1_1 ||
      !wants_websocket(request)) {
    return {};
  }
  const std::optional<std::string> connection = joined(r, "Connection");
  const std::optional<std::string> version = joined(r, "Sec-WebSocket-Version");
  const std::optional<std::string> key = joined(r, "Sec-WebSocket-Key");
  request.connection = connection;
  request.version = version;
  request.key = key;
  websocket::Answer answer = websocket::answer(request);
  if (answer.kind != websocket::Answer::Kind::kAccepted) {
    return {nullptr, refuse(r, answer)};
  }
  if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
    return {nullptr, fail(r, invalid("A WebSocket is asked for without a body"))};
  }
  Result<std::unique_ptr<Receiver>> receiver = receiver_of(r, conf);
  if (!receiver) {
    return {nullptr, fail(r, receiver.error())};
  }
  WebSocket::Options options;
  options.receiver = std::move(*receiver);
  options.accept = std::move(answer.accept);
  options.protocol = agreed(r, settings.websocket->protocols);
  options.unfinished = &runtime->unfinished();
  options.limits.max_message = *conf.get<InputConf>().max_message;
  options.times = {settings.keepalive->interval, *settings.pong_timeout, kCloseMs,
                   *settings.message_timeout};
  return {std::make_unique<WebSocket>(r, std::move(options)), std::nullopt};
}

const hub::Format& format_of(const LocConf& conf, const Upgrade& upgrade) {
  if (upgrade.socket != nullptr) {
    return *conf.get<SubscribeConf>().message_format;
  }
  return *conf.get<SubscribeConf>().format;
}

const OpenFormat& open_format_of(const LocConf& conf, const Upgrade& upgrade) {
  if (upgrade.socket != nullptr) {
    return *conf.get<SubscribeConf>().open_message_format;
  }
  return *conf.get<SubscribeConf>().open_format;
}

// ---- notify_websocket, notify_pong_timeout, notify_message_timeout ------------------------------

Result<void> set_websocket(ngx_conf_t*, Words words, SubscribeConf& conf) {
  WebSocketConf socket;
  if (words[0] == "off") {
    socket.enabled = false;
  } else if (words[0] == "data") {
    socket.shape = message::Shape::kData;
  } else if (words[0] != "envelope") {
    return bad_value(words[0]);
  }
  for (const std::string_view word : words.subspan(1)) {
    const auto protocol = parameter(word, "protocol");
    if (!protocol || protocol->empty() || protocol->find_first_of(", \t") != protocol->npos) {
      return bad_parameter(word);
    }
    socket.protocols.emplace_back(*protocol);
  }
  return assign(conf.websocket, Result<WebSocketConf>(std::move(socket)));
}

namespace {

Result<void> take_time(std::optional<ngx_msec_t>& setting, std::string_view word) {
  Result<ngx_msec_t> time = parse_time(word);
  if (time && *time == 0) {
    return bad_value(word);
  }
  return assign(setting, std::move(time));
}

}  // namespace

Result<void> set_pong_timeout(ngx_conf_t*, Words words, SubscribeConf& conf) {
  return take_time(conf.pong_timeout, words[0]);
}

Result<void> set_message_timeout(ngx_conf_t*, Words words, SubscribeConf& conf) {
  return take_time(conf.message_timeout, words[0]);
}

}  // namespace notify
