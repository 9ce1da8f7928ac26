#include "ngx_notify_module/publish/publish_batch.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/publish/published.hpp"
#include "ngx_notify_module/publish/requirement.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
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
  const BatchPublishConf& batch = conf.get<BatchPublishConf>();
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
    return fail(r, too_many_elements({batch.field, *batch.max_batch}));
  }
  BatchOrder order{terms_of(conf, *stream), {}, {}};
  for (const auto& [field, value] : conf.get<PublishConf>().entry) {
    order.names.push_back(field);
  }
  if (!write_values(r, conf.get<PublishConf>(), *elements, order)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  IdempotencyKey key = add_idempotency(r, conf.get<PublishConf>(), order);
  if (key.fault) {
    return fail(r, {&*key.fault, 1});
  }
  add_request(r, conf, order);
  context.stream = *stream;
  return send_publish(r, conf, publish_batch_command(std::move(order)), std::move(key),
                      &read_reply);
}

}  // namespace

// ---- notify_publish_batch and what bounds it ----------------------------------------------------

Result<void> BatchPublishConf::merge(const MergeScope& scope, const BatchPublishConf& parent) {
  constexpr std::uint64_t kDefaultElements = 1000;
  if (scope.same_location) {
    key = parent.key;
    field = parent.field;
  }
  inherit(max_batch, parent.max_batch, kDefaultElements);
  if (key == nullptr) {
    return {};
  }
  const FieldRule* array = scope.conf->get<InputConf>().find(field);
  if (array == nullptr || array->type != FieldType::kArray || array->nullable || !array->required) {
    return invalid("\"notify_publish_batch\" needs a \"notify_field " + field +
                   " array\" that is neither optional nor nullable");
  }
  rule = scope.conf->get<InputConf>().index(*array);
  scope.conf->get<InputConf>().array = ArrayBound{field, *max_batch};
  return scope.conf->get<PublishConf>().entry.empty()
             ? invalid("\"notify_publish_batch\" needs \"notify_entry\"")
             : Result<void>();
}

Result<void> set_publish_batch(ngx_conf_t* cf, Words words, BatchPublishConf& conf) {
  Result<Operation> operation =
      publishing_operation("notify_publish_batch", &publish, words.subspan(2));
  if (!operation) {
    return operation.error();
  }
  for (const std::string_view word : words.first(2)) {
    if (word.empty()) {
      return bad_value(word);
    }
  }
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  const Result<Template*> key = compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.key = *key;
  conf.field = words[1];
  return add_operation(cf, std::move(*operation));
}

Result<void> set_max_batch(ngx_conf_t*, Words words, BatchPublishConf& conf) {
  Result<std::uint64_t> count = parse_count(words[0]);
  if (count && *count == 0) {
    return bad_value(words[0]);
  }
  return assign(conf.max_batch, std::move(count));
}

}  // namespace notify
