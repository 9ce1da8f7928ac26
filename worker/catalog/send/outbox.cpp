#include "worker/catalog/send/outbox.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "shared/base/clock.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "worker/catalog/sql/now_text.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEvery{1'000};
constexpr milliseconds kWait{2'000};  // for Redis
constexpr std::uint64_t kSettled = 5'000;
constexpr std::uint64_t kKept = 20'000;                // of kOutboxLease
constexpr std::string_view kRemembered = "604800000";  // 7 d
constexpr std::int64_t kMarksKept = 7LL * 24 * 3600 * 1000;
constexpr std::string_view kMarkRemembered = "3600000";  // longer than anything is on its way

}  // namespace

Outbox::Outbox(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool, Options options)
    : host_(host),
      log_(log),
      pool_(pool),
      calls_(client),
      sends_(client, redis::Sender::kClient),
      options_(std::move(options)),
      started_at_(now_text()),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { look(); })) {}

void Outbox::on_link(bool ready) {
  ready_ = ready;
  if (ready && !stopped_) {
    redis::Command old;
    old.arguments = {"ZREMRANGEBYSCORE", std::string(redis::kCatalogWithdrawn), "-inf",
                     std::to_string(unix_ms() - kMarksKept)};
    calls_.command(std::move(old), [](const Result<redis::Reply>&) {});
    timer_->arm(milliseconds{0});
  }
}

void Outbox::stop() {
  stopped_ = true;
  timer_->disarm();
}

// ---- one row ------------------------------------------------------------------------------------

void Outbox::publish(const OutboxRow& row, std::function<void(Result<std::string>)> done) {
  std::vector<std::string> arguments = {
      std::to_string(row.is_entry ? options_.entry_length : 0),
      row.is_entry ? "-" + std::to_string(redis::kInboxKept) : "0",
      redis::bell_channel(row.stream, options_.database),
      std::to_string(redis::kBellInlineLimit),
      std::string(kRemembered),
      "",
      "0",
      "",
      "0",  // no digest, no replay, and the request is a field
      redis::id_digits(std::random_device{}())};
  arguments.insert(arguments.end(), row.fields.begin(), row.fields.end());
  sends_.script(redis::scripts::publish, {row.stream, redis::idempotency_key(row.stream, row.id)},
                std::move(arguments), kWait,
                [this, row, done = std::move(done)](const Result<redis::Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  const std::string id((*reply)[0].text());
                  if (id.empty()) {
                    return done(Error{ErrorKind::kInternal, "unexpected answer of publish"});
                  }
                  if (id == redis::kWithdrawnMark) {
                    return done(Error{ErrorKind::kConflict, "it was withdrawn"});
                  }
                  record(row, id);
                  done(id);
                });
}

// ---- recorded -----------------------------------------------------------------------------------

void Outbox::record(const OutboxRow& row, const std::string& message_id) {
  if (unrecorded_.size() < kMostUnrecorded) {
    unrecorded_.push_back({row, message_id});
    flush();
  }
}

// One transaction after the other, each with what has come meanwhile.
void Outbox::flush() {
  if (recording_ || unrecorded_.empty()) {
    return;
  }
  recording_ = true;
  const auto end =
      unrecorded_.begin() + static_cast<std::ptrdiff_t>(std::min(unrecorded_.size(), kPage));
  auto some = std::make_shared<const std::vector<Sent>>(unrecorded_.begin(), end);
  unrecorded_.erase(unrecorded_.begin(), end);
  pool_.submit<bool>(
      [some](sql::Session& session) -> Result<bool> {
        auto done = record_sent(session, *some);
        return done ? Result<bool>(true) : Result<bool>(done.error());
      },
      [this, some](const Result<bool>& recorded) {
        recording_ = false;
        if (!recorded) {
          // look() tries again.
          unrecorded_.insert(unrecorded_.begin(), some->begin(), some->end());
          return;
        }
        for (const auto& [row, id] : *some) {
          redis::Command forget;
          forget.arguments = {"DEL", redis::idempotency_key(row.stream, row.id)};
          calls_.command(std::move(forget), [](const Result<redis::Reply>&) {});
        }
        flush();
      });
}

// ---- withdrawn ----------------------------------------------------------------------------------

void Outbox::withdraw(const std::string& request_id, const std::string& reason,
                      std::function<void()> done) {
  owe({request_id,
       [request_id, reason](sql::Session& session) {
         return worker::withdraw(session, request_id, reason);
       }},
      std::move(done));
}

void Outbox::suspend(const std::string& request_id, const std::string& reason,
                     std::function<void()> done) {
  owe({request_id,
       [request_id, reason](sql::Session& session) {
         return worker::suspend(session, request_id, reason);
       }},
      std::move(done));
}

void Outbox::withdraw(const std::shared_ptr<const SendOrder>& order, const std::string& reason,
                      std::function<void()> done) {
  hold(order->request_id);
  Owed owed{order->request_id, [order, reason](sql::Session& session) {
              return withdraw_order(session, *order, reason);
            }};
  auto kept = std::make_shared<Owed>(std::move(owed));
  mark(*kept, [this, kept, done = std::move(done)](const Result<redis::Reply>& marked) {
    owe(*kept, marked ? std::function<void()>([] {}) : done);
    if (marked) {
      done();
    }
  });
}

void Outbox::mark(Owed& owed, redis::Completion done) {
  owed.marked = true;
  redis::Command command;
  command.arguments = {"ZADD", std::string(redis::kCatalogWithdrawn), std::to_string(unix_ms()),
                       owed.request_id};
  command.repeat = redis::Repeat::kSafe;
  command.wait = kWait;
  calls_.command(std::move(command), std::move(done));
}

void Outbox::owe(Owed owed, std::function<void()> done) {
  hold(owed.request_id);
  auto kept = std::make_shared<Owed>(std::move(owed));
  pool_.submit<bool>(
      [kept](sql::Session& session) -> Result<bool> {
        auto made = kept->change(session);
        return made ? Result<bool>(true) : Result<bool>(made.error());
      },
      [this, kept, done = std::move(done)](const Result<bool>& made) {
        if (!made) {
          owed_.push_back(*kept);
          timer_->arm(kEvery);
        } else {
          release(kept->request_id);
          if (kept->marked) {
            unmark(kept->request_id);
          }
        }
        done();
      });
}

void Outbox::unmark(const std::string& request_id) {
  redis::Command command;
  command.arguments = {"ZREM", std::string(redis::kCatalogWithdrawn), request_id};
  command.repeat = redis::Repeat::kSafe;
  command.wait = kWait;
  calls_.command(std::move(command), [](const Result<redis::Reply>&) {});
}

// ---- looking ------------------------------------------------------------------------------------

void Outbox::look() {
  if (stopped_) {
    return;
  }
  timer_->arm(kEvery);
  for (auto& owed : std::exchange(owed_, {})) {
    if (ready_ && !owed.marked) {
      mark(owed, [](const Result<redis::Reply>&) {});
    }
    owe(std::move(owed), [] {});
  }
  flush();
  if (ready_ && !left_.empty()) {
    take(std::exchange(left_, {}));
  }
  const bool settled = pool_.reachable() && host_.now_ms() >= pool_.reachable_since_ms() + kSettled;
  if (!ready_ || looking_ || (own_taken_ && !settled)) {
    return;
  }
  looking_ = true;
  const auto own = own_taken_ ? std::string() : started_at_;
  pool_.submit<std::vector<OutboxRow>>(
      [holder = options_.holder, own](sql::Session& session) {
        return take_outbox(session, holder, own, kPage);
      },
      [this, now = host_.now_ms()](Result<std::vector<OutboxRow>> rows) {
        looking_ = false;
        if (!rows || stopped_) {
          return;
        }
        // A full page: there may be more of ours.
        own_taken_ = own_taken_ || rows->size() < kPage;
        for (auto& row : *rows) {
          row.taken_ms = now;
        }
        if (!rows->empty()) {
          take(*rows);
        }
      });
}

// Those that were refused meanwhile are not sent.
void Outbox::take(const std::vector<OutboxRow>& rows) {
  redis::Command command;
  command.arguments = {"ZMSCORE", std::string(redis::kCatalogWithdrawn)};
  for (const auto& row : rows) {
    command.arguments.push_back(row.request_id);
  }
  calls_.command(std::move(command), [this, rows](const Result<redis::Reply>& marked) {
    if (!marked) {
      for (const auto& row : rows) {
        keep(row);
      }
      return;
    }
    if (stopped_) {
      return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& row = rows[i];
      if (held_.contains(row.request_id)) {
        continue;
      }
      if (!(*marked)[i].is_nil()) {
        settle(row, true);
      } else if (!row.withdrawn.empty()) {
        settle(row, false);
      } else {
        take(row);
      }
    }
  });
}

void Outbox::take(const OutboxRow& row) {
  publish(row, [this, row](const Result<std::string>& id) {
    if (id) {
      log_.write(LogLevel::kNotice, "sent what a worker had left",
                 {{"request", row.request_id}, {"stream", row.stream}, {"id", *id}});
      return;
    }
    log_.write(LogLevel::kWarning, "a notification that another worker had left is not sent yet",
               {{"request", row.request_id}, {"error", id.error().message}});
    keep(row);
  });
}

void Outbox::keep(const OutboxRow& row) {
  if (host_.now_ms() < row.taken_ms + kKept) {
    left_.push_back(row);
  }
}

// Whether it is there is known from now on.
void Outbox::settle(const OutboxRow& row, bool marked) {
  if (!row.is_entry) {
    return;  // goes with its entry
  }
  calls_.script(
      redis::scripts::catalog_withdraw, {row.stream, redis::idempotency_key(row.stream, row.id)},
      {std::string(redis::kWithdrawnMark), std::string(kMarkRemembered)}, kWait,
      [this, row, marked](const Result<redis::Reply>& reply) {
        if (!reply) {
          return;  // until its lease has lapsed again
        }
        const std::string id(reply->text());
        log_.write(LogLevel::kNotice, "it is known what became of a notification",
                   {{"request", row.request_id}, {"id", id.empty() ? "none" : id}});
        auto settled = row;
        if (settled.withdrawn.empty()) {
          settled.withdrawn = "The database did not take the notification";
        }
        if (!id.empty()) {
          if (marked) {
            unmark(row.request_id);
          }
          return record(settled, id);
        }
        Owed owed{row.request_id, [settled](sql::Session& session) {
                    return worker::withdraw(session, settled.request_id, settled.withdrawn);
                  }};
        owed.marked = marked;
        owe(std::move(owed), [] {});
      });
}

}  // namespace notify::worker
