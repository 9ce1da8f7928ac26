#include "worker/catalog/send/pending_sweep.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/text.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "worker/catalog/sql/now_text.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPause{50};
constexpr milliseconds kCheckAgain{1'000};
constexpr unsigned kMostChecks = 120;
constexpr milliseconds kLease{30'000};       // beyond a period
constexpr std::size_t kBytes = 1024 * 1024;  // of entries in one call
constexpr const char* kFirst = "00000000-0000-0000-0000-000000000000";
constexpr const char* kReason =
    "Trimmed before it was acknowledged: the user's stream does not hold it any more";

}  // namespace

PendingSweep::PendingSweep(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool,
                           Metrics& metrics, Options options)
    : log_(log),
      pool_(pool),
      metrics_(metrics),
      calls_(client),
      options_(std::move(options)),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { step(); })) {}

void PendingSweep::on_link(bool ready) {
  ready_ = ready && options_.every > milliseconds{0};
  enter(State::kIdle, options_.every);
}

// The next worker need not wait until the lease has lapsed.
void PendingSweep::stop() {
  if (ready_ && leased_) {
    lease(milliseconds{0}, [](const Result<redis::Reply>&) {});
  }
  ready_ = false;
  enter(State::kIdle, milliseconds{0});
}

// `after`: when it goes on.
void PendingSweep::enter(State next, milliseconds after) {
  state_ = next;
  if (next == State::kIdle) {
    ++round_;
    gone_.clear();
    gone_ms_ = 0;
    checks_ = 0;
  }
  if (ready_) {
    timer_->arm(after);
  } else {
    timer_->disarm();
  }
}

void PendingSweep::step() {
  switch (state_) {
    case State::kIdle:
      return take_lease();
    case State::kReading:
      return read();
    case State::kWaiting:
      return check_acks();
    case State::kSettling:
      return settle();
  }
}

// Who has it keeps it, as long as it lives.
void PendingSweep::take_lease() {
  lease(options_.every + kLease, [this, round = round_](const Result<redis::Reply>& reply) {
    if (!is_current(round)) {
      return;
    }
    leased_ = reply && reply->integer().value_or(0) > 0;
    if (!leased_) {
      return enter(State::kIdle, options_.every);
    }
    place_ = {kFirst, kFirst};
    enter(State::kReading, milliseconds{0});
  });
}

void PendingSweep::lease(milliseconds time, redis::Completion done) {
  calls_.script(redis::scripts::lease, {redis::sweep_lease(options_.app_env)},
                {options_.token, std::to_string(time.count())}, milliseconds{0}, std::move(done));
}

// ---- what is pending ----------------------------------------------------------------------------

Result<std::vector<PendingSweep::Row>> PendingSweep::read_page(sql::Session& session,
                                                               const Place& after,
                                                               const std::string& app_env) {
  auto rows = session.query(
      "SELECT CAST(requests.id AS TEXT), message_id, CAST(receiver_id AS TEXT), name_key, user_id "
      "FROM requests JOIN receivers ON receivers.id = requests.receiver_id JOIN clients ON "
      "clients.id = receivers.client_id WHERE status = 'PENDING' AND message_id IS NOT NULL AND "
      "app_env = ? AND (requests.receiver_id, requests.id) > (?, ?) ORDER BY requests.receiver_id, "
      "requests.id "
      "LIMIT " +
          std::to_string(kPage),
      5, {app_env, after.receiver_id, after.id});
  if (!rows) {
    return rows.error();
  }
  std::vector<Row> out;
  for (const auto& row : *rows) {
    out.push_back({row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                   redis::user_stream(app_env, row[3].value_or(""), row[4].value_or(""))});
  }
  return out;
}

void PendingSweep::read() {
  lease(options_.every + kLease, [](const Result<redis::Reply>&) {});
  pool_.submit<std::vector<Row>>(
      [place = place_, app_env = options_.app_env](sql::Session& session) {
        return read_page(session, place, app_env);
      },
      [this, round = round_](Result<std::vector<Row>> rows) {
        if (!is_current(round)) {
          return;
        }
        if (!rows) {
          return enter(State::kIdle, options_.every);
        }
        at_end_ = rows->size() < kPage;
        if (!rows->empty()) {
          place_ = {rows->back().receiver_id, rows->back().id};
        }
        // An id that is none was not ours to write.
        std::erase_if(*rows, [](const Row& row) { return !parse_entry_id(row.message_id); });
        auto page = std::make_shared<Page>();
        page->rows = std::move(*rows);
        look_for(page);
      });
}

// Rows of one stream stand together.
void PendingSweep::look_for(const std::shared_ptr<Page>& page) {
  const auto& rows = page->rows;
  std::vector<std::pair<std::size_t, std::size_t>> streams;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].stream != rows[i - 1].stream) {
      streams.emplace_back(i, i);
    }
    streams.back().second = i + 1;
  }
  if (streams.empty()) {
    return on_page(*page);
  }
  page->open = streams.size();
  for (const auto& [from, end] : streams) {
    look_for(page, from, end);
  }
}

void PendingSweep::look_for(const std::shared_ptr<Page>& page, std::size_t from, std::size_t end) {
  std::vector<std::string> arguments{std::to_string(kBytes)};
  for (auto i = from; i < end; ++i) {
    arguments.push_back(page->rows[i].message_id);
  }
  calls_.script(
      redis::scripts::catalog_gone, {page->rows[from].stream}, std::move(arguments),
      milliseconds{0}, [this, page, from, end, round = round_](const Result<redis::Reply>& reply) {
        if (!is_current(round)) {
          return;
        }
        const auto now = reply ? parse_u64((*reply)[0].text()) : std::nullopt;
        const auto looked = now ? static_cast<std::size_t>((*reply)[1].integer().value_or(0)) : 0;
        page->failed = page->failed || looked == 0;
        for (std::size_t i = 2; looked > 0 && i < reply->size(); ++i) {
          const auto at = from + static_cast<std::size_t>((*reply)[i].integer().value_or(1)) - 1;
          gone_.push_back(page->rows[std::min(at, end - 1)]);
          gone_ms_ = std::max(gone_ms_, *now);
        }
        if (looked > 0 && from + looked < end) {
          return look_for(page, from + looked, end);
        }
        if (--page->open == 0) {
          on_page(*page);
        }
      });
}

void PendingSweep::on_page(const Page& page) {
  if (page.failed || (at_end_ && gone_.empty())) {
    return enter(State::kIdle, options_.every);
  }
  const bool enough = at_end_ || gone_.size() >= kMostGone;
  enter(enough ? State::kWaiting : State::kReading, enough ? options_.grace : kPause);
}

// ---- what is gone -------------------------------------------------------------------------------

// What was told before the last one was found gone has to be recorded first.
void PendingSweep::check_acks() {
  redis::Command command;
  command.arguments = {"XRANGE", std::string(redis::kCatalogAcks), "-", "+", "COUNT", "1"};
  calls_.command(std::move(command), [this, round = round_](const Result<redis::Reply>& reply) {
    if (!is_current(round)) {
      return;
    }
    if (!reply) {
      return enter(State::kIdle, options_.every);
    }
    const auto oldest = reply->size() == 0 ? std::nullopt : parse_entry_id((*reply)[0][0].text());
    if (!oldest || oldest->ms > gone_ms_) {
      return enter(State::kSettling, milliseconds{0});
    }
    if (++checks_ >= kMostChecks) {
      log_.write(LogLevel::kWarning, "acknowledgements wait: nothing is rejected meanwhile");
      return enter(State::kIdle, options_.every);
    }
    enter(State::kWaiting, kCheckAgain);
  });
}

Result<std::size_t> PendingSweep::reject(sql::Session& session, const std::vector<Row>& rows) {
  return sql::in_transaction(session, [&]() -> Result<std::size_t> {
    const auto now = now_text();
    std::size_t count = 0;
    for (const auto& row : rows) {
      auto changed = session.run(
          "UPDATE requests SET status = 'REJECTED', error_message = ?, updated_at = ? WHERE id = ? "
          "AND status = 'PENDING' AND message_id = ?",
          {kReason, now, row.id, row.message_id});
      if (!changed) {
        return changed.error();
      }
      count += *changed;
    }
    return count;
  });
}

void PendingSweep::settle() {
  const auto count = std::min(gone_.size(), kPage);
  std::vector<Row> some(gone_.end() - static_cast<std::ptrdiff_t>(count), gone_.end());
  gone_.resize(gone_.size() - count);
  pool_.submit<std::size_t>(
      [some = std::move(some)](sql::Session& session) { return reject(session, some); },
      [this, round = round_](const Result<std::size_t>& rejected) {
        if (rejected && *rejected > 0) {
          metrics_.requests_trimmed(*rejected);
          log_.write(LogLevel::kNotice, "requests whose entries are gone were rejected",
                     {{"requests", static_cast<std::int64_t>(*rejected)}});
        }
        if (!is_current(round)) {
          return;
        }
        if (!rejected || (gone_.empty() && at_end_)) {
          return enter(State::kIdle, options_.every);
        }
        enter(gone_.empty() ? State::kReading : State::kSettling, kPause);
      });
}

}  // namespace notify::worker
