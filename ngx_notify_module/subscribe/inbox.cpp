#include "ngx_notify_module/subscribe/inbox.hpp"

#include <string>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/inbox_session.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/stay.hpp"
#include "ngx_notify_module/subscribe/upgrade.hpp"

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
  Result<InboxNames> names = read_inbox_names(
      r, conf.get<InboxConf>().key, conf.get<InboxConf>().group, conf.get<InboxConf>().consumer);
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
  auto made = std::make_unique<Reading>(
      std::move(*names), runtime->sessions(), r, conf.get<SubscribeConf>(),
      format_of(conf, upgrade), *way.chain, runtime->commands(),
      InboxSession::Report{context->resume, context->close_reason});
  Reading& reading = *made;
  stay(r, std::move(made), std::move(upgrade.socket));
  reading.session.start({reading.names.stream, reading.names.group, reading.names.consumer,
                         conf.get<InboxConf>().expire});
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
  scope.conf->get<PublishConf>().inbox = key == nullptr ? 0 : expire;
  return {};
}

Result<void> set_inbox(ngx_conf_t* cf, Words words, InboxConf& conf) {
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  if (words.size() > 3) {
    const auto text = parameter(words[3], "expire");
    const Result<ngx_msec_t> time = text ? parse_time(*text) : bad_parameter(words[3]);
    if (!time) {
      return time.error();
    }
    conf.expire = *time;
  }
  const Result<void> compiled =
      compile_templates(cf, words.first(3), {&conf.key, &conf.group, &conf.consumer});
  if (!compiled) {
    return compiled;
  }
  return add_operation(cf, {"notify_inbox", NGX_HTTP_GET | NGX_HTTP_HEAD, {&serve_inbox}});
}

}  // namespace notify
