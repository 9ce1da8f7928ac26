#include "ngx_notify_module/admin/status.hpp"

#include <algorithm>

#include "ngx_notify_module/calls/batch.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/json.hpp"
#include "shared/redis/page.hpp"

namespace notify {
namespace {

// ["<id>",{"<field>":"<value>",…}], or null. Of a repeated field the last value counts; bytes that
// are no UTF-8 are replaced.
std::string entry_json(const redis::Reply& reply) {
  const std::optional<Entry> entry = redis::parse_entry(reply);
  if (!entry) {
    return "null";
  }
  std::string text = "[" + json::quoted(format_entry_id(entry->id)) + ",{";
  bool first = true;
  for (auto field = entry->fields.begin(); field != entry->fields.end(); ++field) {
    const bool again = std::any_of(field + 1, entry->fields.end(),
                                   [&](const auto& later) { return later.first == field->first; });
    if (again) {
      continue;
    }
    text.append(first ? "" : ",");
    first = false;
    json::append_quoted(text, field->first);
    text.push_back(':');
    json::append_quoted(text, field->second);
  }
  return text.append("}]");
}

// {exists, length, pending, first entry, last entry}
Result<std::string> figures_json(const redis::Reply& reply) {
  const auto length = reply[1].integer();
  const auto pending = reply[2].integer();
  if (!length || !pending) {
    return Error{ErrorKind::kInternal, "Redis gave no figures"};
  }
  return "{\"total_messages\":" + std::to_string(*length) +
         ",\"pending_messages\":" + std::to_string(*pending) +
         ",\"first_entry\":" + entry_json(reply[3]) + ",\"last_entry\":" + entry_json(reply[4]) +
         "}";
}

ngx_int_t status(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  std::vector<Labelled> streams;
  std::vector<redis::Command> commands;
  for (const StatusConf::Stream& stream : conf.get<StatusConf>().streams) {
    Result<Labelled> name = evaluate(r, stream.name);
    if (!name) {
      return fail(r, name.error());
    }
    const auto group =
        stream.group == nullptr ? std::optional<std::string_view>("") : evaluate(r, stream.group);
    if (!group) {
      return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (const Result<void> named =
            stream.group == nullptr ? Result<void>() : check_parts(r, stream.group);
        !named) {
      return fail(r, named.error());
    }
    commands.push_back(status_command(name->key, *group));
    commands.back().wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
    streams.push_back(std::move(*name));
  }
  return run_batch(
      r, std::move(commands),
      [](std::size_t, const redis::Reply& reply) { return figures_json(reply); },
      [r, streams = std::move(streams)](const std::vector<std::string>& texts) {
        const std::string body = by_label(streams, Bracket::kObject, [&](std::size_t i) {
          return json::quoted(streams[i].key) + ":" + texts[i];
        });
        return respond(r, NGX_HTTP_OK, kJson, body);
      });
}

}  // namespace

// ---- notify_status ------------------------------------------------------------------------------

Result<void> StatusConf::merge(const MergeScope& scope, const StatusConf& parent) {
  if (scope.same_location) {
    streams = parent.streams;
  }
  return {};
}

Result<void> set_status(ngx_conf_t* cf, Words words, StatusConf& conf) {
  Template* parts[3] = {};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].empty()) {
      return bad_value(words[i]);
    }
    const Result<Template*> part = compile_template(cf, words[i]);
    if (!part) {
      return part.error();
    }
    parts[i] = *part;
  }
  conf.streams.push_back({{parts[0], parts[1]}, parts[2]});
  return conf.streams.size() > 1 ? Result<void>{}
                                 : add_operation(cf, {"notify_status", NGX_HTTP_GET, {&status}});
}

}  // namespace notify
