// notify_subscribe: a stream of events to one client, for as long as it likes.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/multi_session.hpp"
#include "ngx_notify_module/stream/session.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/stay.hpp"
#include "ngx_notify_module/subscribe/upgrade.hpp"
#include "ngx_notify_module/wire/last_event_id.hpp"

namespace notify {
namespace {

template <class Kind>
struct Subscription final : Stay {
  template <class... Args>
  explicit Subscription(Args&&... args) : session(std::forward<Args>(args)...) {}
  Outlet& outlet() override { return session; }
  Kind session;
};

// `first`: the first stream of the location, to which an id without the name of a stream belongs.
hub::Start start_of(const LastEventId& last, std::string_view stream, bool first,
                    const Replay& replay) {
  using From = hub::Start::From;
  const hub::Start anew{From::kNow, {}, replay.count, replay.age};
  const hub::Start unknown{From::kUnknown, {}, replay.count, replay.age};
  switch (last.kind) {
    case LastEventId::Kind::kAbsent:
      return anew;
    case LastEventId::Kind::kKnown:
      return first ? hub::Start{From::kAfter, last.id} : anew;
    case LastEventId::Kind::kUnknown:
      return unknown;
    case LastEventId::Kind::kSeveral:
      break;
  }
  const std::string tag = stream_tag(stream);
  for (const StreamPosition& place : last.places) {
    if (place.tag == tag) {
      return place.position ? hub::Start{From::kAfter, *place.position} : unknown;
    }
  }
  return anew;  // it was not among the client's streams
}

// What the client is to get. kInternal: out of memory.
Result<std::vector<WantedStream>> wanted_streams(ngx_http_request_t* r, const SubscribeConf& conf) {
  const LastEventId last = parse_last_event_id(find_headers(r, "last-event-id"), view(r->args));
  const bool several = conf.streams.size() > 1;
  std::vector<WantedStream> wanted;
  for (Template* each : conf.streams) {
    if (several && empty_variable(r, *each) != nullptr) {
      continue;  // left out
    }
    const Result<std::string_view> key = read_stream(r, each);
    if (!key) {
      return key.error();
    }
    const bool again = std::any_of(wanted.begin(), wanted.end(),
                                   [&](const WantedStream& other) { return other.key == *key; });
    if (!again) {
      wanted.push_back({std::string(*key), start_of(last, *key, wanted.empty(), *conf.replay)});
    }
  }
  if (wanted.empty()) {
    return invalid("No stream is named");
  }
  return wanted;
}

std::string joined(const std::vector<WantedStream>& streams) {
  std::string all;
  for (const WantedStream& each : streams) {
    all.append(all.empty() ? "" : " ").append(each.key);
  }
  return all;
}

ngx_int_t subscribe(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context* context = context_to_stay(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<std::vector<WantedStream>> wanted = wanted_streams(r, conf.get<SubscribeConf>());
  if (!wanted) {
    return fail(r, wanted.error());
  }
  context->stream = joined(*wanted);
  const bool several = conf.get<SubscribeConf>().streams.size() > 1;
  Upgrade upgrade = upgrade_of(r, conf);
  if (upgrade.refusal) {
    return *upgrade.refusal;
  }
  const WayOut way = open_way(r);
  if (way.chain == nullptr) {
    return way.outcome;
  }
  const Session::Report report{context->resume, context->close_reason};
  if (several) {
    auto made = std::make_unique<Subscription<MultiSession>>(
        runtime->sessions(), r, conf.get<SubscribeConf>(), open_format_of(conf, upgrade),
        *way.chain, report);
    MultiSession& session = made->session;
    stay(r, std::move(made), std::move(upgrade.socket));
    session.start(*wanted);
    return NGX_DONE;
  }
  auto made =
      std::make_unique<Subscription<Session>>(runtime->sessions(), r, conf.get<SubscribeConf>(),
                                              format_of(conf, upgrade), *way.chain, report);
  Session& session = made->session;
  stay(r, std::move(made), std::move(upgrade.socket));
  session.start((*wanted)[0].key, (*wanted)[0].start);
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

// ---- directives ---------------------------------------------------------------------------------

Result<void> set_subscribe(ngx_conf_t* cf, Words words, SubscribeConf& conf) {
  if (!conf.streams.empty()) {
    return is_duplicate();
  }
  if (words.size() > kMaxStreams) {
    return invalid("names more than " + std::to_string(kMaxStreams) + " streams");
  }
  for (const std::string_view word : words) {
    if (word.empty()) {
      return bad_value(word);
    }
    const Result<Template*> key = compile_template(cf, word);
    if (!key) {
      return key.error();
    }
    conf.streams.push_back(*key);
  }
  return add_operation(cf, {"notify_subscribe", NGX_HTTP_GET | NGX_HTTP_HEAD, {&subscribe}});
}

Result<void> set_replay(ngx_conf_t*, Words words, SubscribeConf& conf) {
  constexpr std::uint64_t kMost = 1000;
  if (words[0] == "off" && words.size() == 1) {
    return assign(conf.replay, Result<Replay>(Replay{}));
  }
  const Result<std::uint64_t> count = parse_count(words[0]);
  const Result<ngx_msec_t> age = words.size() > 1 ? parse_time(words[1]) : Result<ngx_msec_t>(0);
  if (!count || *count > kMost) {
    return bad_value(words[0]);
  }
  if (!age || (words.size() > 1 && *age == 0)) {
    return bad_value(words[1]);
  }
  return assign(conf.replay, Result<Replay>(Replay{static_cast<unsigned>(*count), *age}));
}

Result<void> set_event(ngx_conf_t*, Words words, SubscribeConf& conf) {
  Result<EventRule> rule = parse_event_rule(words);
  if (!rule) {
    return rule.error();
  }
  if (!conf.format) {
    conf.format = std::make_shared<SseFormat>();
  }
  conf.format->add(std::move(*rule));
  return {};
}

Result<void> set_open(ngx_conf_t*, Words words, SubscribeConf& conf) {
  return assign(conf.opening,
                Result<Opening>(Opening{std::string(words[0]), std::string(words[1])}));
}

Result<void> set_retry(ngx_conf_t*, Words words, SubscribeConf& conf) {
  return assign(conf.retry, parse_positive_time(words[0]));
}

Result<void> set_keepalive(ngx_conf_t*, Words words, SubscribeConf& conf) {
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
  if (words.size() > 2) {
    if (words[2] != "at_once" || keepalive.interval == 0) {
      return bad_parameter(words[2]);
    }
    keepalive.at_once = true;
  }
  return assign(conf.keepalive, Result<Keepalive>(std::move(keepalive)));
}

Result<void> set_send_timeout(ngx_conf_t*, Words words, SubscribeConf& conf) {
  return assign(conf.send_timeout, parse_positive_time(words[0]));
}

}  // namespace notify
