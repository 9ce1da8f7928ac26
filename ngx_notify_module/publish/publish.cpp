#include "ngx_notify_module/publish/publish.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/published.hpp"
#include "ngx_notify_module/publish/requirement.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/model/entry_id.hpp"

namespace notify {
namespace {

// nullopt: out of memory.
std::optional<PublishOrder> write_order(ngx_http_request_t* r, const LocConf& location) {
  const PublishConf& conf = location.get<PublishConf>();
  const std::optional<std::string_view> stream = evaluate(r, conf.key);
  if (!stream) {
    return std::nullopt;
  }
  PublishOrder order{terms_of(location, *stream), {}};
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

// publish.lua: {id, verdict}.
Published read_reply(const redis::Reply& reply) {
  return {parse_entry_id(reply[0].text()), Published::Verdict{reply[1].integer().value_or(0)}, 1,
          reply[2].text()};
}

// A name that came in a field is that field's fault, and told as such.
ngx_int_t refuse_name(ngx_http_request_t* r, const LocConf& conf, const Error& error) {
  const auto& fields = conf.get<PublishConf>().key_fields;
  const Validated& input = *find_context(r)->input;
  const auto empty = std::find_if(fields.begin(), fields.end(), [&](std::size_t field) {
    return input.values[field].text.empty();
  });
  // Where a part is missing that did not come in a field, no field is wrong.
  if (fields.empty() || (error.kind == ErrorKind::kForbidden && empty == fields.end())) {
    return fail(r, error);
  }
  const std::size_t index = empty == fields.end() ? fields[0] : *empty;
  const FieldRule& rule = conf.get<InputConf>().rules[index];
  FieldError fault;
  fault.type = "value_error";
  fault.loc = {rule.in == FieldSource::kQuery ? "query" : "body", rule.name};
  fault.msg = "Value error, " + error.message;
  fault.input = input.values[index].raw;
  fault.ctx = "{\"error\":{}}";
  return fail(r, {&fault, 1});
}

ngx_int_t publish(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const PublishConf& settings = conf.get<PublishConf>();
  std::optional<PublishOrder> order = write_order(r, conf);
  if (!order) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const Result<void> named = check_stream(r, settings.key, order->stream);
  if (!named) {
    return refuse_name(r, conf, named.error());
  }
  Context& context = *find_context(r);
  IdempotencyKey key =
      add_idempotency(r, settings, *order, settings.whole_body ? context.body : std::string_view{});
  if (key.fault) {
    return fail(r, {&*key.fault, 1});
  }
  add_request(r, conf, *order);
  context.stream = order->stream;
  redis::Command command = publish_command(std::move(*order));
  return send_publish(r, conf, std::move(command), std::move(key), &read_reply);
}

}  // namespace

// ---- notify_publish and what refines it ---------------------------------------------------------

Result<void> PublishConf::merge(const MergeScope& scope, const PublishConf& parent) {
  if (scope.same_location) {
    key = parent.key;
  }
  inherit(entry, parent.entry);
  if (!requirement) {
    requirement = parent.requirement;
  }
  inherit(retain, parent.retain, Retention{});
  inherit(unique_ids, parent.unique_ids, true);
  constexpr ngx_msec_t kDay = 24 * 60 * 60 * ngx_msec_t{1000};
  inherit(idempotency, parent.idempotency, kDay);
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
  for (const auto& [field, value] : entry) {
    whole_body = whole_body || view(value->value).find("notify_body") != std::string_view::npos;
  }
  const InputConf& input = scope.conf->get<InputConf>();
  for (const std::string_view name : names_in(*key, "notify_field_")) {
    if (const FieldRule* rule = input.find(name)) {
      key_fields.push_back(input.index(*rule));
    }
  }
  return entry.empty() ? invalid("\"notify_publish\" needs \"notify_entry\"") : Result<void>();
}

Result<Operation> publishing_operation(std::string_view directive, OperationStep publish,
                                       Words words) {
  Operation operation{directive, NGX_HTTP_POST, {&read_input, &require, publish}};
  operation.refined_by = {"notify_entry", "notify_require", "notify_response"};
  for (const std::string_view word : words) {
    if (const auto text = parameter(word, "failure")) {
      operation.failure = *text;
      continue;
    }
    const auto value = parameter(word, "method");
    const Result<ngx_uint_t> parsed =
        value ? parse_methods(*value) : Result<ngx_uint_t>(bad_parameter(word));
    if (!parsed) {
      return parsed.error();
    }
    operation.methods = *parsed;
  }
  return operation;
}

Result<void> set_publish(ngx_conf_t* cf, Words words, PublishConf& conf) {
  Result<Operation> operation = publishing_operation("notify_publish", &publish, words.subspan(1));
  if (!operation) {
    return operation.error();
  }
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.key = *key;
  return add_operation(cf, std::move(*operation));
}

Result<void> set_require(ngx_conf_t* cf, Words words, PublishConf& conf) {
  if (conf.requirement) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  const auto status =
      words.size() > 1 ? parse_count(words[1]) : Result<std::uint64_t>(NGX_HTTP_NOT_FOUND);
  if (!status || *status < 400 || *status > 499) {
    return bad_value(words[1]);
  }
  conf.requirement = PublishConf::Requirement{
      *key, *status, std::string(words.size() > 2 ? words[2] : std::string_view("Not Found"))};
  return {};
}

Result<void> set_entry(ngx_conf_t* cf, Words words, PublishConf& conf) {
  if (words[0].empty()) {
    return bad_value(words[0]);
  }
  for (const auto& [field, value] : conf.entry) {
    if (field == words[0]) {
      return invalid("duplicate field \"" + field + "\"");
    }
  }
  const Result<Template*> value = compile_template(cf, words[1]);
  if (!value) {
    return value.error();
  }
  conf.entry.emplace_back(words[0], *value);
  return {};
}

Result<void> set_retain(ngx_conf_t*, Words words, PublishConf& conf) {
  const Result<std::uint64_t> count = parse_count(words[0]);
  if (!count) {
    return count.error();
  }
  const Result<ngx_msec_t> age = words.size() > 1 ? parse_time(words[1]) : Result<ngx_msec_t>(0);
  if (!age) {
    return age.error();
  }
  return assign(conf.retain, Result<Retention>(Retention{*count, *age}));
}

Result<void> set_entry_ids(ngx_conf_t*, Words words, PublishConf& conf) {
  const bool unique = words[0] == "unique";
  if (!unique && words[0] != "redis") {
    return bad_value(words[0]);
  }
  return assign(conf.unique_ids, Result<bool>(unique));
}

Result<void> set_idempotency(ngx_conf_t*, Words words, PublishConf& conf) {
  return assign(conf.idempotency, words[0] == "off" ? Result<ngx_msec_t>(0) : parse_time(words[0]));
}

Result<void> set_response(ngx_conf_t* cf, Words words, PublishConf& conf) {
  const Result<std::uint64_t> status = parse_count(words[0]);
  if (!status || *status < 200 || *status > 299) {
    return bad_value(words[0]);
  }
  const Result<Template*> body = compile_template(cf, words[1]);
  if (!body) {
    return body.error();
  }
  return assign(conf.response, Result<PublishResponse>(PublishResponse{*status, *body}));
}

}  // namespace notify
