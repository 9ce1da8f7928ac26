#include "ngx_notify_module/handlers/inbox.hpp"

#include <string>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/stay.hpp"
#include "ngx_notify_module/handlers/upgrade.hpp"
#include "ngx_notify_module/handlers/values.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/inbox_session.hpp"
#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {
namespace {

struct Reading final : Stay {
  template <class... Args>
  explicit Reading(InboxNames the_names, Args&&... args)
      : names(std::move(the_names)), session(std::forward<Args>(args)...) {}
  Outlet& outlet() override { return session; }
  const InboxNames names;
  InboxSession session;
};

ngx_int_t serve_inbox(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context* context = context_to_stay(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  Result<InboxNames> names =
      read_inbox_names(r, conf.inbox.key, conf.inbox.group, conf.inbox.consumer);
  if (!names) {
    return fail(r, names.error());
  }
  context->stream = names->stream;
  Upgrade upgrade = upgrade_of(r, conf);
  if (upgrade.refusal) {
    return *upgrade.refusal;
  }
  const WayOut way = open_way(r);
  if (way.chain == nullptr) {
    return way.outcome;
  }
  auto made =
      std::make_unique<Reading>(std::move(*names), runtime->sessions(), r, conf.subscribe,
                                format_of(conf, upgrade), *way.chain, runtime->commands(),
                                InboxSession::Report{context->resume, context->close_reason});
  Reading& reading = *made;
  stay(r, std::move(made), std::move(upgrade.socket));
  reading.session.start(
      {reading.names.stream, reading.names.group, reading.names.consumer, conf.inbox.expire});
  return NGX_DONE;
}

}  // namespace

Result<InboxNames> read_inbox_names(ngx_http_request_t* r, Template* key, Template* group,
                                    Template* consumer) {
  std::string_view stream;
  std::string_view texts[2];
  if (!read_values(r, {{key, &stream}, {group, &texts[0]}, {consumer, &texts[1]}})) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  for (const Result<void>& named : {check_stream(r, key, stream), check_group(r, group, texts[0]),
                                    check_consumer(r, consumer, texts[1])}) {
    if (!named) {
      return named.error();
    }
  }
  return InboxNames{std::string(stream), std::string(texts[0]), std::string(texts[1])};
}

Result<void> InboxConf::merge(const MergeScope& scope, const InboxConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  Result<void> outcome;
  for (const Template* each : {key, group, consumer}) {
    if (outcome && each != nullptr) {
      outcome = use_path(scope.conf->path, each);
    }
  }
  return outcome;
}

Result<void> set_inbox(ngx_conf_t* cf, Words words, LocConf& conf) {
  InboxConf& inbox = conf.inbox;
  if (inbox.key != nullptr) {
    return is_duplicate();
  }
  if (words.size() > 3) {
    const auto text = parameter(words[3], "expire");
    const Result<ngx_msec_t> time = text ? parse_time(*text) : bad_parameter(words[3]);
    if (!time) {
      return time.error();
    }
    inbox.expire = *time;
  }
  const Result<void> compiled =
      compile_templates(cf, words.first(3), {&inbox.key, &inbox.group, &inbox.consumer});
  if (!compiled) {
    return compiled;
  }
  return add_operation(cf, conf, {"notify_inbox", NGX_HTTP_GET | NGX_HTTP_HEAD, &serve_inbox});
}

}  // namespace notify
