#include "worker/catalog/send/outgoing.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/uuid.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "worker/catalog/sql/now_text.hpp"
#include "worker/delivery/budget.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEvery{1'000};
constexpr std::size_t kDeadLetters = 10'000;  // about; of a provider
constexpr unsigned kReadEvery = 5;            // ticks

std::string field(const redis::Reply& fields, std::string_view name) {
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text() == name) {
      return std::string(fields[i + 1].text());
    }
  }
  return {};
}

}  // namespace

Outgoing::Outgoing(redis::Host& host, Log& log, redis::Client& client, Engine& engine,
                   Janitor& janitor, SqlPool& pool, Options options)
    : host_(host),
      log_(log),
      client_(client),
      engine_(engine),
      janitor_(janitor),
      pool_(pool),
      calls_(client),
      options_(std::move(options)),
      timer_(host.timer(redis::TimerKind::kBackground, [this] { tick(); })) {}

void Outgoing::on_link(bool ready) {
  ready_ = ready;
  if (ready && !stopped_) {
    ticks_ = 0;
    timer_->arm(milliseconds{0});
  }
}

void Outgoing::stop() {
  stopped_ = true;
  timer_->disarm();
}

void Outgoing::tick() {
  if (stopped_ || !ready_) {
    return;
  }
  timer_->arm(kEvery);
  if (ticks_++ % kReadEvery == 0) {
    refresh();
  }
  for (auto& provider : providers_) {
    limit(*provider);
  }
}

// ---- providers ----------------------------------------------------------------------------------

void Outgoing::refresh() {
  if (stopped_) {
    return;
  }
  if (reading_) {
    read_again_ = true;
    return;
  }
  reading_ = true;
  pool_.submit<ProviderRows>(
      [most = options_.most](sql::Session& session) { return read_providers(session, most); },
      [this](const Result<ProviderRows>& providers) {
        reading_ = false;
        if (providers && !stopped_) {
          take(*providers);
        }
        if (std::exchange(read_again_, false)) {
          refresh();
        }
      });
}

void Outgoing::take(const ProviderRows& providers) {
  for (auto& provider : providers_) {
    provider->wanted = false;
  }
  auto without_place = providers.without_place;
  for (const auto& row : providers.rows) {
    auto config = read_provider_config(row.config);
    const auto known = std::find_if(providers_.begin(), providers_.end(),
                                    [&row](const auto& one) { return one->id == row.id; });
    if (known != providers_.end()) {
      (*known)->wanted = true;
      (*known)->target->configure(std::move(config), row.active);
    } else if (config.kind == ProviderConfig::Kind::kNone) {
      continue;
    } else if (providers_.size() < options_.most) {
      add(row, std::move(config));
    } else {
      ++without_place;  // until one that has left is removed
    }
  }
  tell(without_place);
  for (auto& provider : providers_) {
    if (!provider->wanted) {
      retire(*provider);
    }
  }
}

// The API refuses one more; there are more than may be where the setting was lowered.
void Outgoing::tell(std::size_t without_place) {
  if (options_.metrics != nullptr) {
    options_.metrics->providers(providers_.size(), without_place);
  }
  if (std::exchange(without_place_, without_place) == without_place) {
    return;
  }
  log_.write(without_place > 0 ? LogLevel::kError : LogLevel::kNotice,
             without_place > 0
                 ? "more providers than NOTIFY_CATALOG_PROVIDERS: what goes out through these waits"
                 : "all providers are served",
             {{"providers", static_cast<std::int64_t>(without_place)},
              {"most", std::int64_t{options_.most}}});
}

void Outgoing::add(const ProviderRow& row, ProviderConfig config) {
  auto provider = std::make_unique<Provider>();
  provider->id = row.id;
  provider->stream = redis::provider_stream(row.id);
  provider->dead_mark = row.dead_mark;
  const auto display = display_url(config.url);
  auto target = std::make_unique<ProviderTarget>();
  target->configure(std::move(config), row.active);
  provider->target = target.get();
  // The budget is the provider's, whatever its URL becomes.
  const auto destination =
      engine_.add_destination(std::move(target),
                              std::make_unique<Budget>(client_, "provider:" + row.id,
                                                       options_.budget_burst, options_.budget_rate),
                              display);
  QueueOptions options;
  options.stream = provider->stream;
  options.group = redis::kCatalogGroup;
  options.consumer = "worker";
  options.link = options_.link;
  options.link.client_name += ":" + row.id;
  auto& queue = engine_.add_queue(std::move(options), options_.token, destination);
  provider->queue = &queue;
  janitor_.add(queue);
  queue.start();
  queue.on_link(ready_);
  log_.write(LogLevel::kInfo, "provider", {{"id", row.id}, {"destination", display}});
  providers_.push_back(std::move(provider));
}

// It was deactivated, and nothing was sent through it for a day: what waits still is refused first.
void Outgoing::retire(Provider& provider) {
  if (provider.looking || !provider.queue->serving() || !engine_.idle(*provider.queue)) {
    return;
  }
  provider.looking = true;
  redis::Command command;
  command.arguments = {"XPENDING", provider.stream, std::string(redis::kCatalogGroup)};
  calls_.command(std::move(command), [this, &provider](const Result<redis::Reply>& reply) {
    provider.looking = false;
    const bool none = reply && (*reply)[0].integer().value_or(1) == 0;
    if (none && !provider.wanted && !stopped_ && engine_.idle(*provider.queue)) {
      remove(provider);
    }
  });
}

void Outgoing::remove(const Provider& provider) {
  log_.write(LogLevel::kInfo, "the provider is not served any more", {{"id", provider.id}});
  janitor_.remove(*provider.queue);
  engine_.remove_queue(*provider.queue);
  std::erase_if(providers_, [&provider](const auto& one) { return one.get() == &provider; });
}

// ---- dead letters -------------------------------------------------------------------------------

// No more become dead letters at a time than are looked at then: none is forgotten unseen.
void Outgoing::limit(Provider& provider) {
  if (provider.looking) {
    return;
  }
  provider.looking = true;
  calls_.script(redis::scripts::catalog_overflow,
                {provider.stream, redis::side_key(provider.stream, "dead")},
                {std::string(redis::kCatalogGroup), std::to_string(options_.backlog),
                 std::to_string(kPage), std::to_string(kDeadLetters),
                 "more than " + std::to_string(options_.backlog) + " were waiting"},
                milliseconds{0}, [this, &provider](const Result<redis::Reply>& reply) {
                  const auto given_up = reply ? reply->integer().value_or(0) : 0;
                  if (given_up > 0) {
                    log_.write(LogLevel::kWarning, "too many wait for a provider",
                               {{"id", provider.id}, {"given up", given_up}});
                  }
                  look(provider);
                });
}

void Outgoing::look(Provider& provider) {
  redis::Command command;
  command.arguments = {"XRANGE",
                       redis::side_key(provider.stream, "dead"),
                       "(" + provider.dead_mark,
                       "+",
                       "COUNT",
                       std::to_string(kPage)};
  calls_.command(std::move(command), [this, &provider](const Result<redis::Reply>& reply) {
    if (!reply || reply->size() == 0) {
      provider.looking = false;
      return;
    }
    std::vector<Letter> letters;
    std::string mark;
    for (std::size_t i = 0; i < reply->size(); ++i) {
      mark = (*reply)[i][0].text();
      letters.push_back({field((*reply)[i][1], "request"), field((*reply)[i][1], "notify-reason")});
    }
    reject(provider, letters, mark, reply->size() == kPage);
  });
}

void Outgoing::reject(Provider& provider, const std::vector<Letter>& letters,
                      const std::string& mark, bool more) {
  pool_.submit<bool>(
      [letters, mark, id = provider.id](sql::Session& session) {
        return sql::in_transaction(session, [&]() -> Result<bool> {
          for (const auto& letter : letters) {
            if (!is_uuid(letter.request_id)) {
              continue;
            }
            auto reason = letter.reason;
            std::replace(reason.begin(), reason.end(), '\0', ' ');
            auto rejected = session.run(
                "UPDATE requests SET status = 'REJECTED', error_message = ?, updated_at = ? WHERE "
                "id = ? AND provider_id = ? AND status = 'PENDING'",
                {"The provider failed: " + reason, now_text(), letter.request_id, id});
            if (!rejected) {
              return rejected.error();
            }
          }
          auto marked = session.run("UPDATE providers SET dead_mark = ? WHERE id = ?", {mark, id});
          return marked ? Result<bool>(true) : Result<bool>(marked.error());
        });
      },
      [this, &provider, mark, more](const Result<bool>& done) {
        provider.looking = false;
        if (!done) {
          return;
        }
        provider.dead_mark = mark;
        if (more && ready_ && !stopped_) {
          limit(provider);
        }
      });
}

}  // namespace notify::worker
