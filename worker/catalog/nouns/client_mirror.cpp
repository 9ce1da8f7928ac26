#include "worker/catalog/nouns/client_mirror.hpp"

#include <iterator>
#include <utility>

#include "shared/redis/schema_catalog.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kLook{2'000};
constexpr unsigned kEvery = 15;  // looks: half a minute
constexpr std::chrono::milliseconds kWait{1'000};

// Adds what the first column says, and what the second one does.
Result<void> add_pairs(sql::Session& session, const std::string& query,
                       std::vector<std::string>& out) {
  auto rows = session.query(query, 2);
  if (!rows) {
    return rows.error();
  }
  for (auto& row : *rows) {
    out.push_back(row[0].value_or(std::string()));
    out.push_back(row[1].value_or(std::string()));
  }
  return {};
}

// Database, revision, then name and digest of each active client, and which of their users were
// deactivated. The revision is read first: what follows is at least as new.
Result<std::vector<std::string>> read_clients(sql::Session& session) {
  std::vector<std::string> out;
  for (const char* name : {"database_id", "clients_revision"}) {
    auto rows =
        session.query("SELECT value FROM catalog_state WHERE name = ?", 1, {std::string(name)});
    if (!rows) {
      return rows.error();
    }
    if (rows->empty()) {
      return Error{ErrorKind::kInternal, "catalog_state is not complete"};
    }
    out.push_back(rows->front()[0].value_or(std::string()));
  }
  if (auto added = add_pairs(session,
                             "SELECT name_key, api_key FROM clients WHERE is_active = TRUE ORDER "
                             "BY created_at LIMIT " +
                                 std::to_string(ClientMirror::kMostClients),
                             out);
      !added) {
    return added.error();
  }
  if (auto added =
          add_pairs(session,
                    "SELECT clients.name_key || ':' || receivers.user_id, '" +
                        std::string(redis::kUserShutOut) +
                        "' FROM receivers JOIN clients ON clients.id = receivers.client_id WHERE "
                        "receivers.is_active = FALSE AND clients.is_active = TRUE ORDER BY "
                        "receivers.updated_at DESC LIMIT " +
                        std::to_string(ClientMirror::kMostShutOut),
                    out);
      !added) {
    return added.error();
  }
  return out;
}

}  // namespace

ClientMirror::ClientMirror(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool)
    : log_(log),
      pool_(pool),
      calls_(client),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { look(); })) {}

void ClientMirror::on_link(bool ready) {
  ready_ = ready;
  if (ready) {
    sync([] {});
  } else {
    timer_->disarm();
  }
}

void ClientMirror::sync(std::function<void()> done) {
  waiting_.push_back(std::move(done));
  if (!running_) {
    start();
  }
}

void ClientMirror::look() {
  if (!ready_ || running_) {
    return;  // what runs arms the timer
  }
  if (++looks_ >= kEvery) {
    return sync([] {});
  }
  redis::Command command;
  command.arguments = {"EXISTS", std::string(redis::kCatalogClients)};
  calls_.command(std::move(command), [this](const Result<redis::Reply>& reply) {
    if (reply && reply->integer() == 0) {
      return sync([] {});
    }
    if (ready_ && !running_) {
      timer_->arm(kLook);
    }
  });
}

void ClientMirror::start() {
  running_ = true;
  served_ = std::exchange(waiting_, {});
  pool_.submit<std::vector<std::string>>(
      read_clients, [this](Result<std::vector<std::string>> clients) {
        if (!clients) {
          return finish();
        }
        calls_.script(redis::scripts::catalog_clients, {std::string(redis::kCatalogClients)},
                      std::move(*clients), kWait, [this](const Result<redis::Reply>& reply) {
                        if (!reply && reply.error().kind == ErrorKind::kInternal) {
                          log_.write(LogLevel::kError, "the clients cannot be shown to nginx",
                                     {{"error", reply.error().message}});
                        }
                        finish();
                      });
      });
}

void ClientMirror::finish() {
  running_ = false;
  const auto served = std::exchange(served_, {});
  if (!waiting_.empty()) {
    start();
  } else if (ready_) {
    looks_ = 0;
    timer_->arm(kLook);
  }
  for (const auto& done : served) {
    done();
  }
}

}  // namespace notify::worker
