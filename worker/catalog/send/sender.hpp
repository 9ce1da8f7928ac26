#pragma once

// A notification on its way:
//
//   send ─► Preparing ─rows are committed─► Publishing ─entry is there─► answered 200
//             │     │ refused: 4xx            │      │ link lost while it was on its way
//             │     │                         │      └─► Suspending ─► answered 503; settled later
//             │     │ database away           │ Redis did not take it
//             │     │ at the commit           ▼
//             │     └────────────────────► Withdrawing ─► answered 503; the row is REJECTED
//             │ database away before that
//             └─► answered 503; nothing was done, or will be
//
// What goes out through a provider stays in the outbox if Redis goes away after the entry is there:
// it is published later, and no reason for an error.

#include <functional>
#include <string>

#include "worker/catalog/answer.hpp"
#include "worker/catalog/send/outbox.hpp"
#include "worker/catalog/send/send_store.hpp"
#include "worker/catalog/sql/sql_pool.hpp"

namespace notify::worker {

class Sender {
 public:
  using Respond = std::function<void(Answer)>;
  // A request that was sent: its answer.
  using Success =
      std::function<void(const Prepared& prepared, const std::string& message_id, Respond)>;

  struct Options {
    std::string app_env;
    PlanBounds bounds;
  };

  Sender(redis::Host& host, Log& log, SqlPool& pool, Outbox& outbox, Options options);

  // Fills in what the sender knows: id, holder, environment, bounds.
  void send(SendOrder order, const Success& success, const Respond& respond);

 private:
  void publish(const Prepared& prepared, const std::string& request_id, const Success& success,
               const Respond& respond);
  void fail(const std::string& request_id, const std::string& reason, const Respond& respond);

  redis::Host& host_;
  Log& log_;
  SqlPool& pool_;
  Outbox& outbox_;
  Options options_;
};

}  // namespace notify::worker
