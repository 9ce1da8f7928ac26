#include "ngx_notify_module/admin/admin.hpp"

#include <algorithm>

#include "ngx_notify_module/admin/flush.hpp"
#include "ngx_notify_module/admin/stream_info.hpp"
#include "ngx_notify_module/admin/survey.hpp"
#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

redis::Command reading(std::vector<std::string> arguments) {
  redis::Command command;
  command.arguments = std::move(arguments);
  command.repeat = redis::Repeat::kSafe;
  return command;
}

ngx_int_t ping(ngx_http_request_t* r, const LocConf&, std::size_t) {
  return ask(r, reading({"PING"}), [r](const redis::Reply& reply) {
    return reply.is_error() ? refused(r, reply)
                            : respond(r, NGX_HTTP_OK, kJson,
                                      "{\"status\":" + json::quoted(reply.text()) + "}\n");
  });
}

ngx_int_t info(ngx_http_request_t* r, const LocConf&, std::size_t) {
  return ask(r, reading({"INFO"}), [r](const redis::Reply& reply) {
    return reply.is_error() ? refused(r, reply) : respond(r, NGX_HTTP_OK, kPlainText, reply.text());
  });
}

ngx_int_t no_such_stream(ngx_http_request_t* r, std::string_view why) {
  return fail(r, NGX_HTTP_NOT_FOUND, "Failed to get stream info: " + std::string(why));
}

// No key of that name, or it holds something else.
bool says_that_it_is_no_stream(const redis::Reply& reply) {
  const std::string_view code = reply.error_code();
  return code == "WRONGTYPE" ||
         (code == "ERR" && reply.text().find("no such key") != std::string_view::npos);
}

ngx_int_t stream(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  const std::optional<std::string_view> key = evaluate(r, conf.get<AdminConf>().stream_keys[index]);
  if (!key) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (conf.get<OwnershipConf>().lists(*key)) {
    return no_such_stream(r, "ERR no such key");  // whatever it is
  }
  const Result<void> named = check_stream(r, conf.get<AdminConf>().stream_keys[index], *key);
  if (!named) {
    return fail(r, named.error());
  }
  return ask(r, reading({"XINFO", "STREAM", std::string(*key)}), [r](const redis::Reply& reply) {
    if (says_that_it_is_no_stream(reply)) {
      return no_such_stream(r, reply.text());
    }
    return reply.is_error() ? refused(r, reply)
                            : respond(r, NGX_HTTP_OK, kJson, stream_info_json(reply) + "\n");
  });
}

struct Kind {
  std::string_view name;
  ngx_uint_t method;
  OperationStep run;
};

constexpr std::array kKinds{
    Kind{"ping", NGX_HTTP_GET, &ping},
    Kind{"info", NGX_HTTP_GET, &info},
    Kind{"streams", NGX_HTTP_GET, &list_streams},
    Kind{"stats", NGX_HTTP_GET, &survey_streams},
    Kind{"stream", NGX_HTTP_GET, &stream},
    Kind{"flush", NGX_HTTP_POST, &flush_streams},
};

}  // namespace

// ---- notify_admin -------------------------------------------------------------------------------

Result<void> AdminConf::merge(const MergeScope& scope, const AdminConf& parent) {
  if (scope.same_location) {
    stream_keys = parent.stream_keys;
  }
  return {};
}

Result<void> set_admin(ngx_conf_t* cf, Words words, AdminConf& conf) {
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& each) { return each.name == words[0]; });
  if (kind == kKinds.end()) {
    return bad_value(words[0]);
  }
  const bool takes_stream = kind->name == "stream";
  if (takes_stream != (words.size() == 2)) {
    return invalid(takes_stream ? "needs a stream after \"stream\""
                                : "invalid parameter \"" + std::string(words[1]) + "\"");
  }
  std::size_t index = 0;
  if (takes_stream) {
    const Result<Template*> key =
        words[1].empty() ? Result<Template*>(bad_value(words[1])) : compile_template(cf, words[1]);
    if (!key) {
      return key.error();
    }
    index = conf.stream_keys.size();
    conf.stream_keys.push_back(*key);
  }
  return add_operation(cf, {"notify_admin", kind->method, {kind->run}, index});
}

}  // namespace notify
