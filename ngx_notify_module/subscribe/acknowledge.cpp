#include "ngx_notify_module/subscribe/acknowledge.hpp"

#include <string>
#include <utility>

#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/subscribe/inbox.hpp"
#include "ngx_notify_module/transport/inbox_commands.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

constexpr std::size_t kMostIds = 1000;

// What is no id was never given out, and is passed over.
Result<std::vector<EntryId>> parse_ids(std::string_view text) {
  const Result<json::Value> value = json::parse_value(text);
  const auto elements =
      value ? json::elements(*value, kMostIds) : Result<std::vector<json::Value>>(value.error());
  if (!elements) {
    return invalid("The ids are no JSON array");
  }
  if (elements->size() > kMostIds) {
    return invalid("There may be " + std::to_string(kMostIds) + " ids at a time");
  }
  std::vector<EntryId> ids;
  for (const json::Value& each : *elements) {
    if (const auto id = parse_entry_id(json::unquote(each))) {
      ids.push_back(*id);
    }
  }
  return ids;
}

ngx_int_t answer(ngx_http_request_t* r, std::span<const EntryId> ids) {
  std::string body;
  for (const EntryId& id : ids) {
    body.append(body.empty() ? "" : ",").append(json::quoted(format_entry_id(id)));
  }
  return respond(r, NGX_HTTP_OK, kJson, "{\"acknowledged\":[" + body + "]}");
}

// Those that this request has acknowledged.
std::vector<EntryId> done(const redis::Reply& reply, std::span<const EntryId> ids) {
  std::vector<EntryId> acknowledged;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (reply[i][0].integer() == 1) {
      acknowledged.push_back(ids[i]);
    }
  }
  return acknowledged;
}

ngx_int_t serve(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const AcknowledgeConf& settings = conf.get<AcknowledgeConf>();
  const auto text = evaluate(r, settings.id != nullptr ? settings.id : settings.ids);
  if (!text) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<InboxNames> names =
      read_inbox_names(r, settings.key, settings.group, settings.consumer);
  if (!names) {
    return fail(r, names.error());
  }
  find_context(r)->stream = names->stream;
  Result<std::vector<EntryId>> ids =
      parse_ids(settings.id != nullptr ? "[" + json::quoted(*text) + "]" : std::string(*text));
  if (!ids) {
    return fail(r, ids.error());
  }
  if (ids->empty()) {
    return answer(r, {});
  }
  redis::Command command =
      acknowledge_command({names->stream, names->group, names->consumer}, *ids);
  return ask(r, std::move(command), [r, ids = std::move(*ids)](const redis::Reply& reply) {
    return reply.is_error() ? refused(r, reply) : answer(r, done(reply, ids));
  });
}

}  // namespace

Result<void> AcknowledgeConf::merge(const MergeScope& scope, const AcknowledgeConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  return {};
}

Result<void> set_acknowledge(ngx_conf_t* cf, Words words, AcknowledgeConf& conf) {
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  const auto list = parameter(words[0], "ids");
  Template** places[] = {list ? &conf.ids : &conf.id, &conf.key, &conf.group, &conf.consumer};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = i == 0 && list ? *list : words[i];
    const Result<Template*> value =
        word.empty() ? Result<Template*>(bad_value(words[i])) : compile_template(cf, word);
    if (!value) {
      return value.error();
    }
    *places[i] = *value;
  }
  return add_operation(cf, {"notify_acknowledge", NGX_HTTP_POST, {&read_input, &serve}});
}

}  // namespace notify
