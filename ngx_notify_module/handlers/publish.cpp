#include "ngx_notify_module/handlers/publish.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/model/stream_name.hpp"

namespace notify {
namespace {

// nullopt: out of memory.
std::optional<PublishOrder> write_order(ngx_http_request_t* r, const PublishConf& conf) {
  PublishOrder order;
  const std::optional<std::string_view> stream = evaluate(r, conf.key);
  if (!stream) {
    return std::nullopt;
  }
  order.stream = *stream;
  order.retain_count = conf.retain->count;
  order.retain_ms = conf.retain->age;
  order.database = static_cast<int>(runtime->conf().redis->db);
  order.fields.reserve(conf.entry.size());
  for (const auto& [field, value] : conf.entry) {
    const std::optional<std::string_view> text = evaluate(r, value);
    if (!text) {
      return std::nullopt;
    }
    order.fields.emplace_back(field, *text);
  }
  return order;
}

ngx_int_t published(ngx_http_request_t* r, const PublishConf& conf,
                    const Result<redis::Reply>& reply) {
  if (!reply) {
    log_text(NGX_LOG_ERR, r->connection->log, "notify: publish failed: " + reply.error().message);
    return fail(r, error_of(reply.error()));
  }
  if (reply->is_error()) {
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: publish refused: " + std::string(reply->text()));
    return fail(r, error_of(*reply));
  }
  const std::optional<EntryId> id = parse_entry_id((*reply)[0].text());
  if (!id) {
    return fail(r, Error{ErrorKind::kInternal, "Redis gave no entry id"});
  }
  Context& context = *find_context(r);
  context.entry_id = format_entry_id(*id);
  context.event_id = format_event_id(*id);
  const std::optional<std::string_view> body = evaluate(r, conf.response->body);
  return body ? respond(r, conf.response->status, kJson, *body) : NGX_ERROR;
}

// A name that came in a field is that field's fault, and told as such.
ngx_int_t refuse_name(ngx_http_request_t* r, const LocConf& conf, const Error& error) {
  if (conf.publish.key_fields.empty()) {
    return fail(r, error);
  }
  const std::size_t index = conf.publish.key_fields[0];
  const FieldRule& rule = conf.intake.rules[index];
  FieldError fault;
  fault.type = "value_error";
  fault.loc = {rule.in == FieldSource::kQuery ? "query" : "body", rule.name};
  fault.msg = "Value error, " + error.message;
  fault.input = find_context(r)->input->values[index].raw;
  fault.ctx = "{\"error\":{}}";
  return fail(r, {&fault, 1});
}

ngx_int_t publish(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const PublishConf& settings = conf.publish;
  std::optional<PublishOrder> order = write_order(r, settings);
  if (!order) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<void> named = check_stream_name(order->stream);
  if (!named) {
    return refuse_name(r, conf, named.error());
  }
  redis::Command command = publish_command(*order);
  command.wait = redis::Milliseconds(*conf.redis_wait);
  Context& context = *find_context(r);
  context.stream = std::move(order->stream);
  context.pending =
      runtime->commands().submit(std::move(command), [r, &settings](Result<redis::Reply> reply) {
        finish_with(r, [&] { return published(r, settings, reply); });
      });
  return park(r);
}

ngx_int_t start(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  return intake(r, conf, index, &publish);
}

// Settings that would do nothing, or the wrong thing, are told when nginx reads them.
Result<void> check_settings(const PublishConf& conf, IntakeConf& input) {
  if (conf.entry.empty()) {
    return invalid("\"notify_publish\" needs \"notify_entry\"");
  }
  Result<void> outcome = use_fields(input, conf.key);
  for (const auto& [field, value] : conf.entry) {
    if (outcome) {
      outcome = use_fields(input, value);
    }
  }
  return outcome ? use_fields(input, conf.response->body) : outcome;
}

}  // namespace

// ---- notify_publish and what refines it ---------------------------------------------------------

Result<void> PublishConf::merge(const MergeScope& scope, const PublishConf& parent) {
  if (scope.same_location) {
    key = parent.key;
  }
  inherit(entry, parent.entry);
  inherit(retain, parent.retain, Retention{});
  if (!response) {
    response = parent.response;
  }
  if (!response) {
    const Result<Template*> body = compile_template(scope.cf, "{\"id\":\"$notify_event_id\"}");
    if (!body) {
      return body.error();
    }
    response = PublishResponse{NGX_HTTP_OK, *body};
  }
  if (key == nullptr) {
    return {};
  }
  Result<void> outcome = check_settings(*this, scope.conf->intake);
  if (outcome) {
    for (const std::string_view name : field_names(key, "notify_field_")) {
      key_fields.push_back(scope.conf->intake.index(*scope.conf->intake.find(name)));
    }
  }
  return outcome;
}

Result<void> set_publish(ngx_conf_t* cf, Words words, LocConf& conf) {
  ngx_uint_t methods = NGX_HTTP_POST;
  if (words.size() > 1) {
    const auto value = parameter(words[1], "method");
    const Result<ngx_uint_t> parsed =
        value ? parse_methods(*value) : Result<ngx_uint_t>(bad_parameter(words[1]));
    if (!parsed) {
      return parsed.error();
    }
    methods = *parsed;
  }
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  if (conf.publish.key != nullptr) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.publish.key = *key;
  return add_operation(cf, conf, {"notify_publish", methods, &start});
}

Result<void> set_entry(ngx_conf_t* cf, Words words, LocConf& conf) {
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  for (const auto& [field, value] : conf.publish.entry) {
    if (field == words[0]) {
      return invalid("duplicate field \"" + field + "\"");
    }
  }
  const Result<Template*> value = compile_template(cf, words[1]);
  if (!value) {
    return value.error();
  }
  conf.publish.entry.emplace_back(words[0], *value);
  return {};
}

Result<void> set_retain(ngx_conf_t*, Words words, LocConf& conf) {
  const Result<std::uint64_t> count = parse_count(words[0]);
  if (!count) {
    return count.error();
  }
  const Result<ngx_msec_t> age = words.size() > 1 ? parse_time(words[1]) : Result<ngx_msec_t>(0);
  if (!age) {
    return age.error();
  }
  return assign(conf.publish.retain, Result<Retention>(Retention{*count, *age}));
}

Result<void> set_response(ngx_conf_t* cf, Words words, LocConf& conf) {
  const Result<std::uint64_t> status = parse_count(words[0]);
  if (!status || *status < 200 || *status > 299) {
    return bad_value(words[0]);
  }
  const Result<Template*> body = compile_template(cf, words[1]);
  if (!body) {
    return body.error();
  }
  return assign(conf.publish.response, Result<PublishResponse>(PublishResponse{*status, *body}));
}

}  // namespace notify
