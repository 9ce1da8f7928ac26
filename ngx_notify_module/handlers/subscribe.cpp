// notify_subscribe: a stream of events to one client, for as long as it likes.

#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/wire/last_event_id.hpp"
#include "shared/base/text.hpp"
#include "shared/model/stream_name.hpp"

namespace notify {
namespace {

struct Subscription final : Attachment {
  template <class... Args>
  explicit Subscription(Args&&... args) : session(std::forward<Args>(args)...) {}
  Session session;
};

void on_writable(ngx_http_request_t* r) {
  Context* context = find_context(r);
  if (context != nullptr && context->attachment != nullptr) {
    static_cast<Subscription&>(*context->attachment).session.on_writable();
  }
}

std::optional<std::string_view> header(const ngx_http_request_t* r, std::string_view name) {
  for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (iequals(view(headers[i].key), name)) {
        return view(headers[i].value);
      }
    }
  }
  return std::nullopt;
}

hub::Start start_of(const ngx_http_request_t* r) {
  const LastEventId last = parse_last_event_id(header(r, "Last-Event-ID"), view(r->args));
  switch (last.kind) {
    case LastEventId::Kind::kAbsent:
      break;
    case LastEventId::Kind::kKnown:
      return {hub::Start::From::kAfter, last.id};
    case LastEventId::Kind::kUnknown:
      return {hub::Start::From::kUnknown, {}};
  }
  return {};
}

ngx_int_t subscribe(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  if (r != r->main) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;  // a response that never ends is no part of another one
  }
  Context* context = ensure_context(r);
  const std::optional<std::string_view> stream = evaluate(r, conf.subscribe.key);
  if (context == nullptr || !stream) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<void> named = check_stream_name(*stream);
  if (!named) {
    return fail(r, named.error());
  }
  context->stream = *stream;
  // Also of a HEAD: what is left unread would be taken for the next request.
  const ngx_int_t discarded = ngx_http_discard_request_body(r);
  if (discarded != NGX_OK) {
    return discarded;
  }
  if (r->discard_body) {  // and behind a late one nginx would not see that the client leaves
    return fail(r, invalid("A stream is asked for without a body"));
  }
  if (r->method == NGX_HTTP_HEAD) {
    return send_stream_head(r);
  }
  OutChain* out = adopt(r->pool, std::make_unique<OutChain>(r));
  if (out == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const ngx_int_t parked = park(r);
  if (parked != NGX_DONE) {
    return parked;
  }
  r->write_event_handler = entry<&on_writable>;
  auto subscription =
      std::make_unique<Subscription>(runtime->sessions(), r, conf.subscribe, *out,
                                     Session::Report{context->resume, context->close_reason});
  Session& session = subscription->session;
  context->attachment = std::move(subscription);
  session.start(context->stream, start_of(r));
  return NGX_DONE;
}

// A directive that is one time, where 0 has a meaning of its own.
Result<ngx_msec_t> parse_positive_time(std::string_view word) {
  Result<ngx_msec_t> time = parse_time(word);
  if (time && *time == 0) {
    return bad_value(word);
  }
  return time;
}

}  // namespace

// ---- directives
// ----------------------------------------------------------------------------------

Result<void> set_subscribe(ngx_conf_t* cf, Words words, LocConf& conf) {
  if (words.size() > 1) {
    return invalid("several streams (\"" + std::string(words[1]) + "\") are not supported yet");
  }
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  if (conf.subscribe.key != nullptr) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.subscribe.key = *key;
  return add_operation(cf, conf, {"notify_subscribe", NGX_HTTP_GET | NGX_HTTP_HEAD, &subscribe});
}

Result<void> set_event(ngx_conf_t*, Words words, LocConf& conf) {
  Result<EventRule> rule = parse_event_rule(words);
  if (!rule) {
    return rule.error();
  }
  if (!conf.subscribe.format) {
    conf.subscribe.format = std::make_shared<SseFormat>();
  }
  conf.subscribe.format->add(std::move(*rule));
  return {};
}

Result<void> set_open(ngx_conf_t*, Words words, LocConf& conf) {
  return assign(conf.subscribe.opening,
                Result<Opening>(Opening{std::string(words[0]), std::string(words[1])}));
}

Result<void> set_retry(ngx_conf_t*, Words words, LocConf& conf) {
  return assign(conf.subscribe.retry, parse_positive_time(words[0]));
}

Result<void> set_keepalive(ngx_conf_t*, Words words, LocConf& conf) {
  Keepalive keepalive;
  if (words[0] != "off" && words[0] != "0" && words[0] != "-1") {
    const Result<ngx_msec_t> time = parse_positive_time(words[0]);
    if (!time) {
      return time.error();
    }
    keepalive.interval = *time;
  }
  if (words.size() > 1) {
    keepalive.text = words[1];
  }
  return assign(conf.subscribe.keepalive, Result<Keepalive>(std::move(keepalive)));
}

Result<void> set_send_timeout(ngx_conf_t*, Words words, LocConf& conf) {
  return assign(conf.subscribe.send_timeout, parse_positive_time(words[0]));
}

}  // namespace notify
