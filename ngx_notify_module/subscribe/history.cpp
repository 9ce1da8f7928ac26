#include "ngx_notify_module/subscribe/history.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "ngx_notify_module/wire/composite_id.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/base/utf8.hpp"
#include "shared/redis/page.hpp"

namespace notify {
namespace {

FieldError fault(std::string_view argument, std::string_view input, std::string type,
                 std::string message, std::string ctx = {}) {
  FieldError error;
  error.type = std::move(type);
  error.loc = {"query", std::string(argument)};
  error.msg = std::move(message);
  error.input = json::quoted(to_valid_utf8(input));
  error.ctx = std::move(ctx);
  return error;
}

// An argument that is there several times with values that differ is none that could be obeyed.
std::optional<std::string> read_argument(std::string_view query, std::string_view argument,
                                         std::vector<FieldError>& faults) {
  std::vector<std::string> values = query_args(query, argument);
  if (values.empty()) {
    return std::nullopt;
  }
  const bool differs = std::any_of(values.begin(), values.end(),
                                   [&](const std::string& value) { return value != values[0]; });
  if (differs) {
    faults.push_back(fault(argument, values[0], "value_error",
                           "Value error, it is given several times with different values",
                           "{\"error\":{}}"));
    return "";
  }
  return std::move(values[0]);
}

// An event id, also one of a client with several streams, of which this is one. An argument that is
// empty is not there.
std::optional<EntryId> read_id(std::string_view query, std::string_view argument,
                               std::string_view stream, std::vector<FieldError>& faults) {
  const std::string text = read_argument(query, argument, faults).value_or("");
  if (text.empty()) {
    return std::nullopt;
  }
  if (const std::optional<EntryId> id = parse_event_id(text)) {
    return id;
  }
  const std::string tag = stream_tag(stream);
  for (const StreamPosition& place :
       parse_composite_id(text).value_or(std::vector<StreamPosition>{})) {
    if (place.tag == tag && place.position) {
      return place.position;
    }
  }
  faults.push_back(fault(argument, text, "value_error",
                         "Value error, this is no event id of the stream", "{\"error\":{}}"));
  return std::nullopt;
}

std::uint64_t read_limit(std::string_view query, const HistoryConf& conf,
                         std::vector<FieldError>& faults) {
  const std::size_t before = faults.size();
  const std::optional<std::string> text = read_argument(query, "limit", faults);
  if (!text || faults.size() > before) {
    return conf.count;
  }
  const std::optional<std::int64_t> limit = parse_i64(*text);
  const std::string most = std::to_string(conf.max);
  if (!limit) {
    faults.push_back(
        fault("limit", *text, "int_parsing",
              "Input should be a valid integer, unable to parse string as an integer"));
  } else if (*limit < 1) {
    faults.push_back(fault("limit", *text, "greater_than_equal",
                           "Input should be greater than or equal to 1", "{\"ge\":1}"));
  } else if (static_cast<std::uint64_t>(*limit) > conf.max) {
    faults.push_back(fault("limit", *text, "less_than_equal",
                           "Input should be less than or equal to " + most,
                           "{\"le\":" + most + "}"));
  } else {
    return static_cast<std::uint64_t>(*limit);
  }
  return 0;
}

ngx_int_t answer(ngx_http_request_t* r, const LocConf& conf, const redis::Reply& reply) {
  if (reply.is_error()) {
    return refused(r, reply);
  }
  const std::string& stream = find_context(r)->stream;
  std::string body = "{\"events\":[";
  for (std::size_t i = 1; i < reply.size(); ++i) {
    const std::optional<Entry> entry = redis::parse_entry(reply[i]);
    if (!entry) {
      return fail(r, Error{ErrorKind::kInternal, "Redis gave no entry"});
    }
    body.append(i > 1 ? "," : "")
        .append(conf.get<SubscribeConf>().format->rules().render_json(stream, *entry));
  }
  body.append("]}");
  std::string next;
  if (const std::optional<EntryId> id = parse_entry_id(reply[0].text())) {
    next = format_event_id(*id);
  }
  const Header more{"X-History-Next", next};
  return respond(r, NGX_HTTP_OK, kJson, body, std::span(&more, next.empty() ? 0 : 1));
}

ngx_int_t serve_history(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<std::string_view> stream = read_stream(r, conf.get<HistoryConf>().key);
  if (!stream) {
    return fail(r, stream.error());
  }
  context->stream = *stream;
  std::vector<FieldError> faults;
  HistoryOrder order;
  order.stream = context->stream;
  order.count = read_limit(view(r->args), conf.get<HistoryConf>(), faults);
  order.before = read_id(view(r->args), "before", order.stream, faults);
  order.after = read_id(view(r->args), "after", order.stream, faults);
  order.field = conf.get<HistoryConf>().field;
  order.value = conf.get<HistoryConf>().value;
  if (!faults.empty()) {
    return fail(r, faults);
  }
  const ngx_int_t discarded = ngx_http_discard_request_body(r);
  if (discarded != NGX_OK) {
    return discarded;
  }
  return ask(r, history_command(order),
             [r, &conf](const redis::Reply& reply) { return answer(r, conf, reply); });
}

}  // namespace

Result<void> HistoryConf::merge(const MergeScope& scope, const HistoryConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  return {};
}

Result<void> set_history(ngx_conf_t* cf, Words words, HistoryConf& conf) {
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  for (const std::string_view word : words.subspan(1)) {
    const auto limit = parameter(word, "limit");
    const auto max = parameter(word, "max");
    const auto where = parameter(word, "where");
    if (limit || max) {
      const Result<std::uint64_t> number = parse_count(limit ? *limit : *max);
      if (!number || *number == 0) {
        return bad_parameter(word);
      }
      (limit ? conf.count : conf.max) = *number;
    } else if (where && where->find('=') != std::string_view::npos && where->front() != '=') {
      conf.field = where->substr(0, where->find('='));
      conf.value = where->substr(where->find('=') + 1);
    } else {
      return bad_parameter(word);
    }
  }
  if (conf.count > conf.max) {
    return invalid("names a \"limit\" beyond its \"max\"");
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.key = *key;
  return add_operation(cf, {"notify_history", NGX_HTTP_GET | NGX_HTTP_HEAD, {&serve_history}});
}

}  // namespace notify
