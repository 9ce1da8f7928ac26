#include "ngx_notify_module/publish/published.hpp"

#include <utility>

#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/request_id.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/model/request_id.hpp"

namespace notify {
namespace {

// The end of the parked request.
ngx_int_t answer(ngx_http_request_t* r, const PublishConf& conf, const IdempotencyKey& key,
                 const Result<redis::Reply>& reply, Published (*read)(const redis::Reply& reply)) {
  if (!reply) {
    metrics::count(metrics::Counter::kPublishUnavailable);
    log_text(NGX_LOG_ERR, r->connection->log, "notify: publish failed: " + reply.error().message);
    return fail_publish(r, error_of(reply.error()));
  }
  if (reply->is_error()) {
    metrics::count(metrics::Counter::kPublishRefused);
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: publish refused: " + std::string(reply->text()));
    return fail_publish(r, error_of(*reply));
  }
  const Published published = read(*reply);
  if (published.verdict == Published::Verdict::kReused) {
    const FieldError fault = key_reused(key);
    return fail(r, {&fault, 1});
  }
  if (!published.id) {
    return fail_publish(r, {ErrorKind::kInternal, "Redis gave no entry id"});
  }
  const bool repeated = published.verdict == Published::Verdict::kRepeated;
  if (repeated && is_request_id(published.request) && published.request != request_id(r)) {
    // The last line under its own id; from here on it is the publish that it repeats.
    log_text(
        NGX_LOG_INFO, r->connection->log,
        "notify: repeats the publish of request id \"" + std::string(published.request) + "\"");
    rename_request(r, published.request);
  }
  metrics::count(repeated ? metrics::Counter::kPublishRepeated : metrics::Counter::kPublished,
                 published.entries);
  Context& context = *find_context(r);
  context.count = std::to_string(published.entries);
  context.entry_id = format_entry_id(*published.id);
  context.event_id = format_event_id(*published.id);
  const std::optional<std::string_view> body = evaluate(r, conf.response->body);
  if (!body) {
    return NGX_ERROR;
  }
  constexpr Header kReplayed{"Idempotent-Replayed", "true"};
  return respond(r, conf.response->status, kJson, *body, std::span(&kReplayed, repeated ? 1 : 0));
}

}  // namespace

PublishTerms terms_of(const LocConf& conf, std::string_view stream) {
  PublishTerms terms;
  terms.stream = stream;
  terms.retain_count = conf.get<PublishConf>().retain->count;
  terms.retain_ms = conf.get<PublishConf>().retain->age;
  terms.unique_ids = *conf.get<PublishConf>().unique_ids;
  terms.inbox_ms = conf.get<PublishConf>().inbox;
  if (const Replay& replay = *conf.get<SubscribeConf>().replay; replay.count > 0) {
    terms.replay_ms = replay.age;
  }
  terms.database = static_cast<int>(runtime->conf().redis->db);
  return terms;
}

IdempotencyKey add_idempotency(ngx_http_request_t* r, const PublishConf& conf, PublishTerms& terms,
                               std::string_view body) {
  if (*conf.idempotency == 0) {
    return {};
  }
  IdempotencyKey key = idempotency_key_of(r);
  if (!key.fault && !key.text.empty()) {
    terms.idempotency_key = key.text;
    terms.digest = digest_of(*find_context(r)->input, body);
    terms.idempotency_ms = *conf.idempotency;
  }
  return key;
}

void add_request(ngx_http_request_t* r, const LocConf& conf, PublishTerms& terms) {
  if (terms.idempotency_key.empty() && conf.get<RequestIdConf>().beside == 0) {
    return;
  }
  terms.request = request_id(r);
  terms.keep_requests = terms.request.empty() ? 0 : conf.get<RequestIdConf>().beside;
}

ngx_int_t fail_publish(ngx_http_request_t* r, Error error) {
  error.message.insert(0, find_context(r)->operation.operation->failure);
  return fail(r, error);
}

ngx_int_t send_publish(ngx_http_request_t* r, const LocConf& conf, redis::Command command,
                       IdempotencyKey key, Published (*read)(const redis::Reply& reply)) {
  command.wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
  command.held = held_body(r);
  // Many large ones may come in one turn of the loop: those that are refused go at once.
  if (!runtime->commands().takes(command)) {
    const Error refusal{ErrorKind::kUnavailable, std::string(redis::kTooMany)};
    return answer(r, conf.get<PublishConf>(), key, refusal, read);
  }
  find_context(r)->pending = runtime->commands().submit(
      std::move(command), [r, &conf, key = std::move(key), read](Result<redis::Reply> reply) {
        finish_with(r, [&] { return answer(r, conf.get<PublishConf>(), key, reply, read); });
      });
  return park(r);
}

}  // namespace notify
