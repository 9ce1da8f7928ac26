#include "ngx_notify_module/handlers/publish_batch.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/published.hpp"
#include "ngx_notify_module/handlers/requirement.hpp"
#include "ngx_notify_module/handlers/values.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/json.hpp"
#include "shared/model/entry_id.hpp"

namespace notify {
namespace {

// The entries' values, one after the other. False: out of memory.
bool write_values(ngx_http_request_t* r, const PublishConf& conf,
                  const std::vector<json::Value>& elements, BatchOrder& order) {
  Context& context = *find_context(r);
  order.values.reserve(elements.size() * conf.entry.size());
  for (const json::Value& element : elements) {
    context.item = element.raw;
    for (const auto& [field, value] : conf.entry) {
      const std::optional<std::string_view> text = evaluate(r, value);
      if (!text) {
        return false;
      }
      order.values.emplace_back(*text);
    }
  }
  context.item = {};
  return true;
}

// publish-batch.lua: {entries, last id, verdict}.
Published read_reply(const redis::Reply& reply) {
  const std::optional<std::int64_t> entries = reply[0].integer();
  return {entries ? parse_entry_id(reply[1].text()) : std::nullopt,
          Published::Verdict{reply[2].integer().value_or(0)},
          static_cast<std::uint64_t>(entries.value_or(0)), reply[3].text()};
}

ngx_int_t publish(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const BatchPublishConf& batch = conf.publish_batch;
  Context& context = *find_context(r);
  const Result<std::string_view> stream = read_stream(r, batch.key);
  if (!stream) {
    return fail(r, stream.error());
  }
  const Result<std::vector<json::Value>> elements =
      json::elements({json::Kind::kArray, context.input->values[batch.rule].raw}, *batch.max_batch);
  if (!elements || elements->empty()) {
    return fail(r, invalid("\"" + batch.field + "\" is empty"));
  }
  if (elements->size() > *batch.max_batch) {
    return fail(r, too_many_elements(batch));
  }
  BatchOrder order{terms_of(conf, *stream), {}, {}};
  for (const auto& [field, value] : conf.publish.entry) {
    order.names.push_back(field);
  }
  if (!write_values(r, conf.publish, *elements, order)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  IdempotencyKey key = add_idempotency(r, conf.publish, order);
  if (key.fault) {
    return fail(r, {&*key.fault, 1});
  }
  add_request(r, conf, order);
  context.stream = *stream;
  return send_publish(r, conf, publish_batch_command(std::move(order)), std::move(key),
                      batch.failure, &read_reply);
}

ngx_int_t look_up(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  return look_up_required(r, conf, index, conf.publish_batch.failure, &publish);
}

ngx_int_t start(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  return intake(r, conf, index, &look_up);
}

}  // namespace

// ---- notify_publish_batch and what bounds it ----------------------------------------------------

Result<void> BatchPublishConf::merge(const MergeScope& scope, const BatchPublishConf& parent) {
  constexpr std::uint64_t kDefaultElements = 1000;
  if (scope.same_location) {
    key = parent.key;
    field = parent.field;
    failure = parent.failure;
  }
  inherit(max_batch, parent.max_batch, kDefaultElements);
  if (key == nullptr) {
    return {};
  }
  const FieldRule* array = scope.conf->intake.find(field);
  if (array == nullptr || array->type != FieldType::kArray || array->nullable || !array->required) {
    return invalid("\"notify_publish_batch\" needs a \"notify_field " + field +
                   " array\" that is neither optional nor nullable");
  }
  rule = scope.conf->intake.index(*array);
  return check_templates(*scope.conf, "notify_publish_batch", key);
}

Result<void> set_publish_batch(ngx_conf_t* cf, Words words, LocConf& conf) {
  BatchPublishConf& batch = conf.publish_batch;
  ngx_uint_t methods = NGX_HTTP_POST;
  for (const std::string_view word : words.subspan(2)) {
    if (const auto text = parameter(word, "failure")) {
      batch.failure = *text;
      continue;
    }
    const auto value = parameter(word, "method");
    const Result<ngx_uint_t> parsed =
        value ? parse_methods(*value) : Result<ngx_uint_t>(bad_parameter(word));
    if (!parsed) {
      return parsed.error();
    }
    methods = *parsed;
  }
  for (const std::string_view word : words.first(2)) {
    if (word.empty()) {
      return bad_value(word);
    }
  }
  if (batch.key != nullptr) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  batch.key = *key;
  batch.field = words[1];
  return add_operation(cf, conf, {"notify_publish_batch", methods, &start});
}

Error too_many_elements(const BatchPublishConf& batch) {
  return {ErrorKind::kTooLarge, "\"" + batch.field + "\" has more than " +
                                    std::to_string(*batch.max_batch) + " elements"};
}

Result<void> set_max_batch(ngx_conf_t*, Words words, LocConf& conf) {
  Result<std::uint64_t> count = parse_count(words[0]);
  if (count && *count == 0) {
    return bad_value(words[0]);
  }
  return assign(conf.publish_batch.max_batch, std::move(count));
}

}  // namespace notify
