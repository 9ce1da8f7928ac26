#include "ngx_notify_module/work/consume.hpp"

#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/consumer_session.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/stay.hpp"
#include "ngx_notify_module/transport/presence.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {
namespace {

struct Consumption final : Stay {
  template <class... Args>
  explicit Consumption(std::string the_group, Args&&... args)
      : group(std::move(the_group)), session(std::forward<Args>(args)...) {}
  Outlet& outlet() override { return session; }
  const std::string group;
  ConsumerSession session;
};

ngx_int_t refuse(ngx_http_request_t* r, const Error& error) {
  if (error.kind != ErrorKind::kConflict) {
    log_text(NGX_LOG_ERR, r->connection->log, "notify: consumer refused: " + error.message);
  }
  return fail(r, error);
}

// What a client asks for; empty values are those that it does not give.
struct Wish {
  std::string_view stream;
  std::string_view group;
  std::string_view consumer;
  std::string_view limit;
};

Result<queue::Consumer::Options> options_of(ngx_http_request_t* r, const Wish& wish,
                                            const ConsumeConf& conf) {
  queue::Consumer::Options options;
  options.settings = conf.settings();
  for (const Result<void>& named :
       {check_stream(r, conf.key, wish.stream), check_group(r, conf.group, wish.group),
        wish.consumer.empty() ? Result<void>() : check_consumer(r, conf.consumer, wish.consumer)}) {
    if (!named) {
      return named.error();
    }
  }
  if (!wish.limit.empty()) {
    const Result<std::uint64_t> limit = parse_limit(wish.limit, conf);
    if (!limit) {
      return limit.error();
    }
    options.limit = *limit;
  }
  options.name = wish.consumer.empty() ? "consumer-" + random_hex(8) : std::string(wish.consumer);
  options.token = redis::connection_token(Presence::worker(), random_hex(16));
  return options;
}

ngx_int_t consume(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context* context = context_to_stay(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  Wish wish;
  const ConsumeConf& asked = conf.get<ConsumeConf>();
  if (!read_values(r, {{asked.key, &wish.stream},
                       {asked.group, &wish.group},
                       {asked.consumer, &wish.consumer},
                       {asked.limit, &wish.limit}})) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  Result<queue::Consumer::Options> options = options_of(r, wish, conf.get<ConsumeConf>());
  if (!options) {
    return fail(r, options.error());
  }
  context->stream = wish.stream;
  const WayOut way = open_way(r);
  if (way.chain == nullptr) {
    return way.outcome;
  }
  auto consumption = std::make_unique<Consumption>(std::string(wish.group), runtime->sessions(), r,
                                                   conf.get<SubscribeConf>(), *way.chain,
                                                   context->close_reason, &refuse);
  Consumption& made = *consumption;
  stay(r, std::move(consumption));
  made.session.start({context->stream, made.group}, std::move(*options));
  return NGX_DONE;
}

}  // namespace

Result<std::uint64_t> parse_limit(std::string_view text, const ConsumeConf& conf) {
  const std::optional<std::uint64_t> limit = parse_u64(text);
  const bool whole =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!whole) {
    return invalid("Invalid limit: it must be a whole number that is not negative");
  }
  if (!limit || *limit > *conf.max_limit) {
    return invalid("Invalid limit: it must be at most " + std::to_string(*conf.max_limit));
  }
  return *limit;
}

// ---- notify_consume and what refines it ---------------------------------------------------------

Result<void> ConsumeConf::merge(const MergeScope& scope, const ConsumeConf& parent) {
  if (scope.same_location) {
    key = parent.key;
    group = parent.group;
    consumer = parent.consumer;
    limit = parent.limit;
  }
  inherit(ack_timeout, parent.ack_timeout, 300'000);
  inherit(max_deliveries, parent.max_deliveries, 16);
  inherit(max_limit, parent.max_limit, 10'000);
  return {};
}

Result<void> set_consume(ngx_conf_t* cf, Words words, ConsumeConf& conf) {
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    Template** place = i == 0 ? &conf.key : &conf.group;
    if (i > 1) {
      const auto consumer = parameter(word, "consumer");
      const auto limit = parameter(word, "limit");
      if (!consumer && !limit) {
        return bad_parameter(word);
      }
      place = consumer ? &conf.consumer : &conf.limit;
      if (*place != nullptr) {
        return invalid("duplicate parameter \"" + std::string(word) + "\"");
      }
      word = consumer ? *consumer : *limit;
    }
    const Result<Template*> value =
        word.empty() ? Result<Template*>(bad_value(words[i])) : compile_template(cf, word);
    if (!value) {
      return value.error();
    }
    *place = *value;
  }
  return add_operation(cf,
                       {"notify_consume", NGX_HTTP_GET | NGX_HTTP_HEAD, {&read_input, &consume}});
}

Result<void> set_ack_timeout(ngx_conf_t*, Words words, ConsumeConf& conf) {
  Result<ngx_msec_t> time = parse_time(words[0]);
  if (time && *time == 0) {
    return bad_value(words[0]);
  }
  return assign(conf.ack_timeout, std::move(time));
}

Result<void> set_max_deliveries(ngx_conf_t*, Words words, ConsumeConf& conf) {
  return assign(conf.max_deliveries, parse_count(words[0]));
}

Result<void> set_max_limit(ngx_conf_t*, Words words, ConsumeConf& conf) {
  Result<std::uint64_t> limit = parse_count(words[0]);
  if (limit && (*limit == 0 || *limit > kLargestLimit)) {
    return bad_value(words[0]);
  }
  return assign(conf.max_limit, std::move(limit));
}

}  // namespace notify
