#include "worker/catalog/send/send_store.hpp"

#include "shared/base/clock.hpp"
#include "shared/base/json.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "worker/catalog/nouns/noun.hpp"
#include "worker/catalog/send/delivery_plan.hpp"
#include "worker/catalog/sql/now_text.hpp"

namespace notify::worker {
namespace {

using sql::Session;

std::string fields_json(const std::vector<std::string>& fields) {
  std::string out = "[";
  for (const auto& field : fields) {
    out += out.size() == 1 ? "" : ",";
    json::append_quoted(out, field);
  }
  return out + "]";
}

std::vector<std::string> parse_fields(const std::string& text) {
  std::vector<std::string> out;
  const auto parsed = json::parse_value(text);
  const auto elements =
      parsed ? json::elements(*parsed) : Result<std::vector<json::Value>>(parsed.error());
  if (elements) {
    for (const auto& element : *elements) {
      out.push_back(json::unquote(element));
    }
  }
  return out;
}

constexpr std::string_view kOutboxColumns =
    "CAST(id AS TEXT), CAST(request_id AS TEXT), stream, CASE WHEN is_entry THEN '1' ELSE '0' END, "
    "fields, created_at, COALESCE(withdrawn, '')";

Result<std::vector<OutboxRow>> outbox_rows(Session& session, const std::string& condition,
                                           const sql::Parameters& parameters) {
  auto rows = session.query(
      "SELECT " + std::string(kOutboxColumns) + " FROM outbox WHERE " + condition, 7, parameters);
  if (!rows) {
    return rows.error();
  }
  std::vector<OutboxRow> out;
  for (const auto& row : *rows) {
    out.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3] == "1",
                   parse_fields(row[4].value_or("")), row[5].value_or(""), row[6].value_or(""), 0});
  }
  return out;
}

Result<void> insert_outbox(Session& session, const SendOrder& order, const OutboxRow& row) {
  auto done = session.run(
      "INSERT INTO outbox (id, request_id, stream, is_entry, fields, holder, lease_until, "
      "created_at) VALUES (?, ?, ?, " +
          std::string(row.is_entry ? "TRUE" : "FALSE") + ", ?, ?, CAST(? AS BIGINT), ?)",
      {row.id, row.request_id, row.stream, fields_json(row.fields), order.holder,
       std::to_string(unix_ms() + kOutboxLease.count()), row.created_at},
      Session::Keep::kYes);
  return done ? Result<void>() : Result<void>(done.error());
}

Prepared refusal(Answer answer) {
  Prepared out;
  out.refused = std::move(answer);
  return out;
}

// The order was carried out before, and what became of it was not learned. The id alone does not
// say that: it is the caller's word, and another client's request may have it.
Result<std::optional<Prepared>> find_prepared(Session& session, const SendOrder& order,
                                              const Client& client, const std::string& user_id) {
  auto found =
      session.query("SELECT message_id, CAST(client_id AS TEXT) FROM requests WHERE id = ?", 2,
                    {order.request_id}, Session::Keep::kYes);
  if (!found) {
    return found.error();
  }
  if (found->empty()) {
    return std::optional<Prepared>();
  }
  if (found->front()[1] != client.id) {
    return std::optional(refusal(failure(409, kRequestCodes.create, "The request was not made",
                                         "Another request has this X-Request-ID")));
  }
  auto rows = outbox_rows(session, "request_id = ? ORDER BY is_entry DESC", {order.request_id});
  if (!rows) {
    return rows.error();
  }
  Prepared out;
  out.user_id = user_id;
  out.message_id = found->front()[0].value_or("");
  out.rows = std::move(*rows);
  return std::optional(std::move(out));
}

Prepared missing(const Noun& noun, std::string_view what) {
  std::string title(noun.name);
  title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return refusal(failure(404, noun.codes.missing, title + " not found",
                         "There is no active " + std::string(noun.name) + " " + std::string(what)));
}

struct Receiver {
  std::string id;
  std::string user_id;
  bool active = false;
};

Result<std::optional<Receiver>> read_receiver(Session& session, std::string_view condition,
                                              const sql::Parameters& parameters) {
  auto rows = session.query(
      "SELECT CAST(id AS TEXT), user_id, CASE WHEN is_active THEN '1' ELSE '0' END FROM receivers "
      "WHERE " +
          std::string(condition),
      3, parameters, Session::Keep::kYes);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return std::optional<Receiver>();
  }
  const auto& row = rows->front();
  return std::optional(Receiver{row[0].value_or(""), row[1].value_or(""), row[2] == "1"});
}

Result<std::optional<Receiver>> find_receiver(Session& session, const SendOrder& order,
                                              const Client& client) {
  if (!order.receiver_id.empty()) {
    return read_receiver(session, "client_id = ? AND id = ?", {client.id, order.receiver_id});
  }
  const auto& user = order.notification.user_id;
  auto found = read_receiver(session, "client_id = ? AND user_id = ?", {client.id, user});
  if (!found || *found) {
    return found;
  }
  const auto now = now_text();
  auto made = session.run(
      "INSERT INTO receivers (id, client_id, user_id, created_at, updated_at) VALUES (?, ?, ?, ?, "
      "?) ON CONFLICT DO NOTHING",
      {make_uuid(), client.id, user, now, now}, Session::Keep::kYes);
  if (!made) {
    return made.error();
  }
  return read_receiver(session, "client_id = ? AND user_id = ?", {client.id, user});
}

Result<std::string> find_channel(Session& session, const SendOrder& order) {
  const bool by_id = !order.channel_id.empty();
  auto rows = session.query(std::string("SELECT CAST(id AS TEXT) FROM channels WHERE is_active = "
                                        "TRUE AND ") +
                                (by_id ? "id" : "name") + " = ?",
                            1, {by_id ? order.channel_id : order.notification.channel},
                            Session::Keep::kYes);
  if (!rows) {
    return rows.error();
  }
  return rows->empty() ? std::string() : rows->front()[0].value_or("");
}

sql::Text id_or_null(const std::string& id) { return id.empty() ? sql::Text() : sql::Text(id); }

// What becomes of the notification by the rows of the moment; made before the transaction, which
// goes on only if the rows are still the same.
struct Outline {
  DeliveryChoice choice;
  DeliveryPlan plan;
};

Result<Outline> outline(Session& session, const SendOrder& order) {
  Outline out;
  const auto channel = find_channel(session, order);
  if (!channel) {
    return channel.error();
  }
  if (channel->empty()) {
    return out;
  }
  auto choice = choose_delivery(session, order.notification, *channel, order.provider_id);
  if (!choice) {
    return choice.error();
  }
  out.choice = std::move(*choice);
  out.plan = plan_delivery(out.choice, order.notification, order.bounds);
  return out;
}

// kConflict: the rows have changed since it was outlined.
Result<Prepared> prepare(Session& session, const SendOrder& order, const Client& client,
                         const Outline& outlined) {
  auto before = find_prepared(session, order, client, order.notification.user_id);
  if (!before || *before) {
    return before ? Result<Prepared>(std::move(**before)) : Result<Prepared>(before.error());
  }
  const auto channel = find_channel(session, order);
  if (!channel) {
    return channel.error();
  }
  if (channel->empty()) {
    return missing(kChannels, order.channel_id.empty() ? "`" + order.notification.channel + "`"
                                                       : "of this id");
  }
  const auto receiver = find_receiver(session, order, client);
  if (!receiver) {
    return receiver.error();
  }
  if (!*receiver || !(*receiver)->active) {
    return missing(kReceivers, "of this client and user");
  }

  const auto choice = choose_delivery(session, order.notification, *channel, order.provider_id);
  if (!choice) {
    return choice.error();
  }
  if (*choice != outlined.choice) {
    return Error{ErrorKind::kConflict, "providers and templates change at this moment"};
  }
  const auto& plan = outlined.plan;
  if (plan.refused) {
    return refusal(*plan.refused);
  }

  Prepared out;
  out.user_id = (*receiver)->user_id;
  const auto now = now_text();
  auto made = session.run(
      "INSERT INTO requests (id, client_id, channel_id, provider_id, receiver_id, template_id, "
      "payload, request_source, app_env, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
      "?, ?, ?)",
      {order.request_id, client.id, *channel, id_or_null(plan.provider_id), (*receiver)->id,
       id_or_null(plan.template_id), order.notification.payload, order.source, order.app_env, now,
       now},
      Session::Keep::kYes);
  if (!made) {
    return made.error();
  }
  out.rows.push_back(
      {make_uuid(),
       order.request_id,
       redis::user_stream(order.app_env, client.name, out.user_id),
       true,
       {"message", order.notification.payload, "timestamp", now, "request", order.request_id},
       now,
       {},
       0});
  if (plan.goes_out) {
    out.rows.push_back({make_uuid(),
                        order.request_id,
                        redis::provider_stream(plan.provider_id),
                        false,
                        {"request", order.request_id, "user_id", out.user_id, "text", plan.text,
                         "payload", order.notification.payload},
                        now,
                        {},
                        0});
  }
  for (const auto& row : out.rows) {
    if (auto done = insert_outbox(session, order, row); !done) {
      return done.error();
    }
  }
  return out;
}

Result<Prepared> prepare_in_transaction(Session& session, const SendOrder& order,
                                        const Client& client, const Outline& outlined) {
  Prepared out;
  // A refusal is no error, and leaves nothing: what was made for it is not committed.
  auto done = sql::in_transaction(session, [&]() -> Result<bool> {
    auto prepared = prepare(session, order, client, outlined);
    if (!prepared) {
      return prepared.error();
    }
    out = std::move(*prepared);
    out.request_id = order.request_id;
    if (!out.refused && order.gate && !order.gate->enter()) {
      return Error{ErrorKind::kUnavailable, "given up"};
    }
    return out.refused ? Result<bool>(Error{ErrorKind::kForbidden, "refused"}) : Result<bool>(true);
  });
  if (!done && !out.refused) {
    return done.error();
  }
  return out;
}

Result<std::optional<Client>> client_of(Session& session, std::string_view column,
                                        const std::string& value) {
  auto rows = session.query(
      "SELECT CAST(id AS TEXT), name_key FROM clients WHERE is_active = TRUE "
      "AND " +
          std::string(column) + " = ?",
      2, {value}, Session::Keep::kYes);
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return std::optional<Client>();
  }
  return std::optional(Client{rows->front()[0].value_or(""), rows->front()[1].value_or("")});
}

}  // namespace

Result<std::optional<Client>> find_client(Session& session, const std::string& key_digest) {
  return client_of(session, "api_key", key_digest);
}

Result<bool> is_deactivated(Session& session, const Client& client, const std::string& user_id) {
  const auto found = read_receiver(session, "client_id = ? AND user_id = ?", {client.id, user_id});
  return found ? Result<bool>(*found && !(*found)->active) : Result<bool>(found.error());
}

Result<Prepared> prepare_send(Session& session, const SendOrder& order) {
  // Before the transaction: whoever has no key takes no lock.
  const auto client = order.client_id.empty() ? find_client(session, order.key_digest)
                                              : client_of(session, "id", order.client_id);
  if (!client) {
    return client.error();
  }
  if (!*client) {
    return order.client_id.empty() ? refusal(wrong_key()) : missing(kClients, "of this id");
  }
  if (!order.notification.ok()) {
    return refusal(validation_failure(order.notification.errors));
  }
  // Again: its key is there, by an earlier attempt whose commit came to its end meanwhile; or a
  // template was changed between the outline and the transaction.
  constexpr int kMostAttempts = 4;
  for (int attempt = 1;; ++attempt) {
    const auto outlined = outline(session, order);
    if (!outlined) {
      return outlined.error();
    }
    auto prepared = prepare_in_transaction(session, order, **client, *outlined);
    const bool again = !prepared && prepared.error().kind == ErrorKind::kConflict;
    if (!again || attempt == kMostAttempts) {
      return prepared;
    }
  }
}

Result<void> record_sent(Session& session, const std::vector<Sent>& sent) {
  auto done = sql::in_transaction(session, [&]() -> Result<bool> {
    const auto now = now_text();
    for (const auto& [row, message_id] : sent) {
      if (row.is_entry) {
        auto noted = session.run(
            "UPDATE requests SET message_id = ?, updated_at = ? WHERE id = ? AND message_id IS "
            "NULL",
            {message_id, now, row.request_id}, Session::Keep::kYes);
        if (!noted) {
          return noted.error();
        }
      }
      auto gone = session.run("DELETE FROM outbox WHERE id = ?", {row.id}, Session::Keep::kYes);
      if (!gone) {
        return gone.error();
      }
      if (row.is_entry && !row.withdrawn.empty()) {
        auto again =
            session.run("UPDATE outbox SET withdrawn = NULL, lease_until = 0 WHERE request_id = ?",
                        {row.request_id});
        if (!again) {
          return again.error();
        }
      }
    }
    return true;
  });
  return done ? Result<void>() : Result<void>(done.error());
}

namespace {

Result<bool> withdraw_now(Session& session, const std::string& request_id,
                          const std::string& reason) {
  auto rejected = session.run(
      "UPDATE requests SET status = 'REJECTED', error_message = ?, updated_at = ? WHERE id = ? "
      "AND status = 'PENDING'",
      {reason, now_text(), request_id});
  if (!rejected) {
    return rejected.error();
  }
  auto gone = session.run("DELETE FROM outbox WHERE request_id = ?", {request_id});
  return gone ? Result<bool>(true) : Result<bool>(gone.error());
}

}  // namespace

Result<void> withdraw(Session& session, const std::string& request_id, const std::string& reason) {
  auto done =
      sql::in_transaction(session, [&] { return withdraw_now(session, request_id, reason); });
  return done ? Result<void>() : Result<void>(done.error());
}

// The order is carried out again: its row's key waits for the commit that may be under way, and is
// refused if that succeeds.
Result<void> withdraw_order(Session& session, const SendOrder& order, const std::string& reason) {
  auto again = order;
  again.gate = nullptr;
  auto prepared = prepare_send(session, again);
  if (!prepared) {
    return prepared.error();
  }
  return prepared->refused ? Result<void>() : withdraw(session, order.request_id, reason);
}

Result<void> suspend(Session& session, const std::string& request_id, const std::string& reason) {
  auto done = session.run("UPDATE outbox SET withdrawn = ?, lease_until = 0 WHERE request_id = ?",
                          {reason, request_id});
  return done ? Result<void>() : Result<void>(done.error());
}

Result<std::vector<OutboxRow>> take_outbox(Session& session, const std::string& holder,
                                           const std::string& own_before, std::size_t most) {
  const auto now = unix_ms();
  auto condition = "lease_until < " + std::to_string(now);
  sql::Parameters parameters;
  if (!own_before.empty()) {
    condition = "(" + condition + " OR (holder = ? AND created_at < ?))";
    parameters = {holder, own_before};
  }
  // What goes out besides an entry follows its entry.
  condition +=
      " AND (is_entry OR withdrawn IS NULL) ORDER BY created_at LIMIT " + std::to_string(most);
  // Nothing to do is the usual case, and needs no lock.
  auto some = outbox_rows(session, condition, parameters);
  if (!some || some->empty()) {
    return some;
  }
  return sql::in_transaction(session, [&]() -> Result<std::vector<OutboxRow>> {
    const bool postgres = session.dialect() == sql::Dialect::kPostgres;
    auto rows =
        outbox_rows(session, condition + (postgres ? " FOR UPDATE SKIP LOCKED" : ""), parameters);
    if (!rows) {
      return rows;
    }
    for (const auto& row : *rows) {
      auto taken = session.run("UPDATE outbox SET holder = ?, lease_until = " +
                                   std::to_string(now + kOutboxLease.count()) + " WHERE id = ?",
                               {holder, row.id});
      if (!taken) {
        return taken.error();
      }
    }
    return rows;
  });
}

Result<void> accept(Session& session, const std::string& client_id, const std::string& user_id,
                    const std::vector<Accepted>& messages) {
  auto done = sql::in_transaction(session, [&]() -> Result<bool> {
    const auto now = now_text();
    for (const auto& message : messages) {
      const bool known = is_uuid(message.request_id);
      auto changed = session.run(
          "UPDATE requests SET status = 'ACCEPTED', message_id = ?, updated_at = ? WHERE " +
              std::string(known ? "id" : "message_id") +
              " = ? AND status = 'PENDING' AND receiver_id IN (SELECT id FROM receivers WHERE "
              "client_id = ? AND user_id = ?)",
          {message.message_id, now, known ? message.request_id : message.message_id, client_id,
           user_id},
          Session::Keep::kYes);
      if (!changed) {
        return changed.error();
      }
    }
    return true;
  });
  return done ? Result<void>() : Result<void>(done.error());
}

}  // namespace notify::worker
