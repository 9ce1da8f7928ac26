#pragma once

// The SQL of sending. For jobs of the SQL pool; each call may run again after an unknown outcome.
//
//            prepare_send                    record_sent
//   (none) ───────────────► PENDING, outbox ─────────────► PENDING ──accept──► ACCEPTED
//                                │      │ suspend               ▲
//                       withdraw │      ▼                       │ record_sent: it was there
//                                │   to be settled ─────────────┤
//                                ▼                              │ withdraw: it was not
//                            REJECTED, with the reason ◄────────┘
//
// A row of the outbox is what has to be published, and stands in the transaction of its request.
// Its lease says which worker is at it; who finds one that has lapsed takes it over. Publishing is
// idempotent by the row's id, so that a row that was published and not recorded does no harm.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/sql/session.hpp"
#include "worker/catalog/answer.hpp"
#include "worker/catalog/send/delivery_plan.hpp"
#include "worker/catalog/send/notification.hpp"

namespace notify::worker {

inline constexpr std::chrono::milliseconds kOutboxLease{30'000};

struct OutboxRow {
  std::string id;
  std::string request_id;
  std::string stream;
  bool is_entry = true;             // in the user's stream; else it goes out through a provider
  std::vector<std::string> fields;  // name, value, name, value, …
  std::string created_at;
  std::string withdrawn;  // not to be published: to be settled, and the reason if it is not there
  std::uint64_t taken_ms = 0;  // by whom a lapsed lease was taken over: when (its own clock)
};

struct Client {
  std::string id;
  std::string name;  // in lower case
};

// nullopt: no active client has this key.
Result<std::optional<Client>> find_client(sql::Session& session, const std::string& key_digest);

// Whether this user of the client was deactivated; one that nobody has sent to was not.
Result<bool> is_deactivated(sql::Session& session, const Client& client,
                            const std::string& user_id);

// Between who sends and the thread that commits it: a send that is given up before it got as far as
// its commit has done nothing, and will not. After that its outcome is unknown.
class CommitGate {
 public:
  // Before the commit; false: it was given up.
  bool enter() {
    auto open = State::kOpen;
    return state_.compare_exchange_strong(open, State::kCommitting) || open == State::kCommitting;
  }
  // True: nothing was committed, or will be.
  bool give_up() {
    auto open = State::kOpen;
    return state_.compare_exchange_strong(open, State::kGivenUp) || open == State::kGivenUp;
  }

 private:
  enum class State { kOpen, kCommitting, kGivenUp };
  std::atomic<State> state_{State::kOpen};
};

struct SendOrder {
  std::string request_id;
  std::shared_ptr<CommitGate> gate;  // null: no one gives it up
  std::string key_digest;            // who sends: by key …
  std::string client_id;             // … or, for a superuser, by id
  std::string receiver_id;           // a superuser's; else the notification's user
  std::string provider_id;           // likewise; empty: the channel's
  std::string channel_id;            // likewise; empty: the notification's channel
  Notification notification;
  std::string source = "notification";
  std::string holder;
  std::string app_env;
  PlanBounds bounds;
};

struct Prepared {
  std::optional<Answer> refused;
  std::string request_id;
  std::string user_id;
  std::string message_id;  // of one that was sent before
  std::vector<OutboxRow> rows;
};

Result<Prepared> prepare_send(sql::Session& session, const SendOrder& order);

struct Sent {
  OutboxRow row;
  std::string message_id;
};
// All of them, or none. What goes out besides an entry is to be published again where it was
// suspended with it.
Result<void> record_sent(sql::Session& session, const std::vector<Sent>& sent);
// Nothing of the request goes out any more, and it is rejected if it is pending.
Result<void> withdraw(sql::Session& session, const std::string& request_id,
                      const std::string& reason);
// The same for an order whose commit may still be under way on a connection that was lost: after
// it, that commit has failed, or is undone.
Result<void> withdraw_order(sql::Session& session, const SendOrder& order,
                            const std::string& reason);
// Nothing of the request is published before it is known whether its entry is there.
Result<void> suspend(sql::Session& session, const std::string& request_id,
                     const std::string& reason);

// Rows whose lease has lapsed, and, with `own_before`, those of `holder` that are older than that.
Result<std::vector<OutboxRow>> take_outbox(sql::Session& session, const std::string& holder,
                                           const std::string& own_before, std::size_t most);

struct Accepted {
  std::string request_id;  // empty: the entry does not tell
  std::string message_id;
};
// The user's requests among them are accepted if they are pending.
Result<void> accept(sql::Session& session, const std::string& client_id, const std::string& user_id,
                    const std::vector<Accepted>& messages);

}  // namespace notify::worker
