#include "worker/catalog/send/sender.hpp"

#include <utility>

#include "shared/base/text.hpp"
#include "shared/base/uuid.hpp"

namespace notify::worker {
namespace {

// nginx gives up after 30 s: what took that long is not sent any more.
constexpr std::uint64_t kLate = 20'000;

Answer unknown() {
  return unavailable(kRequestCodes.create,
                     "Redis was lost; whether the notification was sent is known later");
}

Answer not_sent() { return unavailable(kRequestCodes.create, "The notification was not sent"); }

}  // namespace

Sender::Sender(redis::Host& host, Log& log, SqlPool& pool, Outbox& outbox, Options options)
    : host_(host), log_(log), pool_(pool), outbox_(outbox), options_(std::move(options)) {}

void Sender::send(SendOrder order, const Success& success, const Respond& respond) {
  // nginx's id of the HTTP request becomes the row's: one id from the answer to the provider.
  order.request_id = is_uuid(order.request_id) ? to_lower(order.request_id) : make_uuid();
  order.holder = outbox_.holder();
  order.app_env = options_.app_env;
  order.bounds = options_.bounds;
  order.gate = std::make_shared<CommitGate>();
  const auto id = order.request_id;
  const auto kept = std::make_shared<const SendOrder>(std::move(order));
  outbox_.hold(id);
  pool_.submit<Prepared>(
      [kept](sql::Session& session) { return prepare_send(session, *kept); },
      [this, id, success, respond, kept, began = host_.now_ms()](Result<Prepared> prepared) {
        if (!prepared) {
          if (prepared.error().kind != ErrorKind::kUnavailable) {
            log_.write(LogLevel::kError, "not sent",
                       {{"request", id}, {"error", prepared.error().message}});
          }
          if (kept->gate->give_up()) {
            outbox_.release(id);
            return respond(not_sent());
          }
          return outbox_.withdraw(kept, "The database did not take the notification",
                                  [respond] { respond(not_sent()); });
        }
        if (prepared->refused) {
          outbox_.release(id);
          return respond(std::move(*prepared->refused));
        }
        if (host_.now_ms() - began > kLate) {
          return fail(id, "The database took too long", respond);
        }
        publish(*prepared, id, success, respond);
      });
}

void Sender::publish(const Prepared& prepared, const std::string& request_id,
                     const Success& success, const Respond& respond) {
  if (prepared.rows.empty() || !prepared.rows.front().is_entry) {
    // A commit whose outcome was unknown, and another worker was faster.
    outbox_.release(request_id);
    return success(prepared, prepared.message_id, respond);
  }
  outbox_.publish(prepared.rows.front(), [this, prepared, request_id, success,
                                          respond](const Result<std::string>& id) {
    if (!id) {
      log_.write(LogLevel::kError, "not sent",
                 {{"request", request_id}, {"error", id.error().message}});
      if (id.error().kind == ErrorKind::kUnknownOutcome) {
        return outbox_.suspend(request_id, "Redis was lost, and did not take the notification",
                               [respond] { respond(unknown()); });
      }
      return fail(request_id, "Redis did not take the notification", respond);
    }
    outbox_.release(request_id);
    for (std::size_t i = 1; i < prepared.rows.size(); ++i) {
      outbox_.publish(prepared.rows[i], [](const Result<std::string>&) {});
    }
    success(prepared, *id, respond);
  });
}

void Sender::fail(const std::string& request_id, const std::string& reason,
                  const Respond& respond) {
  outbox_.withdraw(request_id, reason, [respond] { respond(not_sent()); });
}

}  // namespace notify::worker
