#include "worker/catalog/send/acknowledger.hpp"

#include <algorithm>
#include <utility>

#include "shared/model/entry_id.hpp"
#include "shared/redis/schema_catalog.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait{2'000};
constexpr milliseconds kPause{1'000};
constexpr unsigned kClaimEvery = 25;  // looks

std::string text_of(std::string_view text) { return std::string(text); }

Answer acknowledged() { return success(200, "Notifications acknowledged successfully", "true"); }

std::string field(const redis::Reply& fields, std::string_view name) {
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text() == name) {
      return text_of(fields[i + 1].text());
    }
  }
  return {};
}

}  // namespace

Acknowledger::Acknowledger(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool,
                           Options options)
    : log_(log),
      pool_(pool),
      calls_(client),
      options_(std::move(options)),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { look(); })) {}

void Acknowledger::on_link(bool ready) {
  ready_ = ready;
  grouped_ = false;
  own_done_ = false;
  if (ready) {
    again(milliseconds{0});
  }
}

void Acknowledger::stop() {
  ready_ = false;
  timer_->disarm();
}

void Acknowledger::again(milliseconds after) {
  if (ready_) {
    timer_->arm(after);
  }
}

// ---- one user's ---------------------------------------------------------------------------------

void Acknowledger::take(const std::string& stream, const std::vector<std::string>& ids,
                        const Owner& owner,
                        std::function<void(Result<std::vector<Accepted>>)> done) {
  std::vector<std::string> arguments{redis::users_group(owner.app_env), owner.user_id, "request"};
  arguments.insert(arguments.end(), ids.begin(), ids.end());
  calls_.script(redis::scripts::acknowledge, {stream}, std::move(arguments), kWait,
                [ids, done = std::move(done)](const Result<redis::Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  std::vector<Accepted> accepted;
                  for (std::size_t i = 0; i < ids.size(); ++i) {
                    accepted.push_back({text_of((*reply)[i][1].text()), ids[i]});
                  }
                  done(std::move(accepted));
                });
}

void Acknowledger::record(const Owner& owner, std::vector<Accepted> accepted,
                          std::function<void(Result<bool>)> done) {
  pool_.submit<bool>(
      [owner, accepted = std::move(accepted)](sql::Session& session) -> Result<bool> {
        auto id = owner.client_id;
        if (id.empty()) {
          auto rows = session.query("SELECT CAST(id AS TEXT) FROM clients WHERE name_key = ?", 1,
                                    {owner.client_name});
          if (!rows) {
            return rows.error();
          }
          if (rows->empty()) {
            return true;
          }
          id = rows->front()[0].value_or("");
        }
        auto done_now = accept(session, id, owner.user_id, accepted);
        return done_now ? Result<bool>(true) : Result<bool>(done_now.error());
      },
      std::move(done));
}

void Acknowledger::owe(const std::string& stream, const std::vector<std::string>& ids,
                       std::function<void(bool)> done) {
  struct State {
    std::size_t left;
    bool all = true;
    std::function<void(bool)> done;
  };
  auto state = std::make_shared<State>(State{ids.size(), true, std::move(done)});
  for (const auto& id : ids) {
    redis::Command command;
    command.arguments = {"XADD", std::string(redis::kCatalogAcks), "*", "stream", stream, "id", id};
    calls_.command(std::move(command), [state](const Result<redis::Reply>& reply) {
      state->all = state->all && reply.ok();
      if (--state->left == 0) {
        state->done(state->all);
      }
    });
  }
}

void Acknowledger::acknowledge(const std::string& key_digest, const Acknowledgement& body,
                               const std::function<void(Answer)>& respond) {
  pool_.submit<std::optional<Client>>(
      [key_digest](sql::Session& session) { return find_client(session, key_digest); },
      [this, body, respond](const Result<std::optional<Client>>& client) {
        if (!client) {
          return respond(unavailable(kAcknowledgeFailed, "The database does not answer"));
        }
        if (!*client) {
          return respond(wrong_key());
        }
        if (!body.ok()) {
          return respond(validation_failure(body.errors));
        }
        if (body.message_ids.empty()) {
          return respond(acknowledged());
        }
        const Owner owner{options_.app_env, (*client)->id, {}, body.user_id};
        const auto stream = redis::user_stream(owner.app_env, (*client)->name, owner.user_id);
        take(stream, body.message_ids, owner,
             [this, owner, stream, ids = body.message_ids,
              respond](Result<std::vector<Accepted>> taken) {
               if (!taken) {
                 return respond(unavailable(kAcknowledgeFailed, "Nothing was acknowledged"));
               }
               record(owner, std::move(*taken),
                      [this, stream, ids, respond](const Result<bool>& recorded) {
                        if (recorded) {
                          return respond(acknowledged());
                        }
                        // They come to no socket any more: the rows are to say so, if later.
                        owe(stream, ids, [respond](bool owed) {
                          respond(owed ? acknowledged()
                                       : unavailable(kAcknowledgeFailed,
                                                     "The acknowledgement was not recorded"));
                        });
                      });
             });
      });
}

// ---- the stream ---------------------------------------------------------------------------------

void Acknowledger::look() {
  if (!ready_ || busy_) {
    return;
  }
  busy_ = true;
  redis::Command command;
  const std::string key(redis::kCatalogAcks);
  const std::string group(redis::kCatalogGroup);
  if (!grouped_) {
    command.arguments = {"XGROUP", "CREATE", key, group, "0", "MKSTREAM"};
    return calls_.command(std::move(command), [this](const Result<redis::Reply>& reply) {
      busy_ = false;
      grouped_ = reply.ok() || reply.error().message.starts_with("BUSYGROUP");
      again(grouped_ ? milliseconds{0} : kPause);
    });
  }
  const bool claim = own_done_ && ++looks_ % kClaimEvery == 0;
  if (claim) {
    command.arguments = {"XAUTOCLAIM",
                         key,
                         group,
                         options_.consumer,
                         std::to_string(kLeft.count()),
                         "0",
                         "COUNT",
                         std::to_string(kPage)};
  } else {
    command.arguments = {"XREADGROUP",          "GROUP",   group, options_.consumer,    "COUNT",
                         std::to_string(kPage), "STREAMS", key,   own_done_ ? ">" : "0"};
  }
  calls_.command(std::move(command), [this, claim](const Result<redis::Reply>& reply) {
    if (!reply) {
      busy_ = false;
      grouped_ = grouped_ && reply.error().kind != ErrorKind::kNotFound;
      return again(kPause);
    }
    const auto entries = claim ? (*reply)[1] : (*reply)[0][1];
    std::vector<Told> told;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      told.push_back({text_of(entries[i][0].text()), field(entries[i][1], "stream"),
                      field(entries[i][1], "id")});
    }
    own_done_ = own_done_ || told.empty();
    on_entries(std::move(told), entries.size() == kPage || !own_done_);
  });
}

void Acknowledger::on_entries(std::vector<Told> told, bool full) {
  auto batches = std::make_shared<std::vector<Batch>>();
  for (auto& one : told) {
    auto found = std::find_if(batches->begin(), batches->end(),
                              [&one](const Batch& batch) { return batch.stream == one.stream; });
    if (found == batches->end()) {
      batches->push_back({one.stream, {}, {}});
      found = batches->end() - 1;
    }
    if (parse_entry_id(one.id)) {
      found->ids.push_back(std::move(one.id));
    }
    found->entries.push_back(std::move(one.entry));
  }
  std::reverse(batches->begin(), batches->end());
  next(std::move(batches), full);
}

// Of any environment: what one Redis tells is of one database, and comes to whatever worker takes
// it.
std::optional<Acknowledger::Owner> Acknowledger::owner_of(std::string_view stream) {
  const auto mark = stream.find(redis::kUsersStreams);
  if (mark == stream.npos) {
    return std::nullopt;
  }
  const auto names = stream.substr(mark + redis::kUsersStreams.size());
  const auto colon = names.find(':');
  if (colon == names.npos) {
    return std::nullopt;
  }
  return Owner{text_of(stream.substr(0, mark)),
               {},
               text_of(names.substr(0, colon)),
               text_of(names.substr(colon + 1))};
}

// One after the other: a page is done before the next one is read.
void Acknowledger::next(std::shared_ptr<std::vector<Batch>> batches, bool full) {
  if (batches->empty()) {
    busy_ = false;
    return again(full ? milliseconds{0} : kEvery);
  }
  auto batch = std::move(batches->back());
  batches->pop_back();
  const auto owner = owner_of(batch.stream);
  if (!owner || batch.ids.empty()) {
    finish(batch);
    return next(std::move(batches), full);
  }
  const auto done = [this, batch, batches = std::move(batches),
                     full](const Result<bool>& recorded) {
    if (!recorded) {
      // Stays ours; the next reading begins with it.
      busy_ = false;
      own_done_ = false;
      log_.write(LogLevel::kWarning, "acknowledgements wait",
                 {{"error", recorded.error().message}});
      return again(kPause);
    }
    finish(batch);
    next(batches, full);
  };
  take(batch.stream, batch.ids, *owner,
       [this, owner = *owner, done](Result<std::vector<Accepted>> taken) {
         if (!taken) {
           return done(taken.error());
         }
         record(owner, std::move(*taken), done);
       });
}

void Acknowledger::finish(const Batch& batch) {
  for (const char* name : {"XACK", "XDEL"}) {
    redis::Command command;
    command.arguments = {name, std::string(redis::kCatalogAcks)};
    if (name[1] == 'A') {
      command.arguments.emplace_back(redis::kCatalogGroup);
    }
    command.arguments.insert(command.arguments.end(), batch.entries.begin(), batch.entries.end());
    calls_.command(std::move(command), [](const Result<redis::Reply>&) {});
  }
}

}  // namespace notify::worker
