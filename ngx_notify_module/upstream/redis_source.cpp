#include "ngx_notify_module/upstream/redis_source.hpp"

#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "shared/redis/page.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// A page is cut by bytes, too: a reply of many large entries would hold up what is behind it, and a
// subscriber takes no more than a batch of it.
constexpr std::size_t kPageBytes = hub::Limits{}.batch_bytes;

// A read that finds no link waits for it, so that streams flow as soon as Redis is back.
constexpr redis::Milliseconds kWait{2000};

// A key that is no stream holds no entries: its subscribers wait for the day when it is one.
Result<Page> page_of(const Result<redis::Reply>& reply) {
  if (!reply) {
    return reply.error();
  }
  if (reply->error_code() == "WRONGTYPE") {
    return Page{};
  }
  if (reply->is_error()) {
    return Error{ErrorKind::kInternal, std::string(reply->text())};
  }
  if (std::optional<Page> page = redis::parse_read(*reply)) {
    return std::move(*page);
  }
  return Error{ErrorKind::kInternal, "read.lua answered in an unknown shape"};
}

}  // namespace

RedisSource::RedisSource(redis::Client& commands, Subscriptions& subscriptions, int database)
    : commands_(commands),
      subscriptions_(subscriptions),
      database_(database),
      self_(std::make_shared<RedisSource*>(this)) {}

// ---- bells --------------------------------------------------------------------------------------

void RedisSource::subscribe(std::string_view stream) {
  subscriptions_.add(redis::bell_channel(stream, database_), *this, std::string(stream));
}

void RedisSource::unsubscribe(std::string_view stream) {
  subscriptions_.remove(redis::bell_channel(stream, database_), *this);
}

void RedisSource::on_subscribed(std::string_view stream) {
  if (hub_ != nullptr) {
    hub_->on_subscribed(stream);
  }
}

// What is no bell of ours was sent by somebody else, and means nothing here.
void RedisSource::on_message(std::string_view stream, std::string_view payload) {
  std::optional<redis::Bell> bell = redis::parse_bell(payload);
  if (bell && hub_ != nullptr) {
    hub_->on_bell(stream, bell->prev, bell->id, bell->entry ? &*bell->entry : nullptr);
  }
}

// ---- reading ------------------------------------------------------------------------------------

void RedisSource::read(hub::Ticket ticket, std::string_view stream, EntryId after, unsigned count) {
  run(ticket, redis::scripts::read,
      {"1", std::string(stream), format_entry_id(after), std::to_string(count)});
}

void RedisSource::read_latest(hub::Ticket ticket, std::string_view stream, unsigned count,
                              std::uint64_t age_ms) {
  run(ticket, redis::scripts::latest,
      {"2", std::string(stream), redis::latest_key(stream), std::to_string(count),
       std::to_string(age_ms)});
}

// `words` behind the script's name, but for the bound of the page, which comes last.
void RedisSource::run(hub::Ticket ticket, const redis::Script& script,
                      std::vector<std::string> words) {
  redis::Command command;
  command.sender = redis::Sender::kProduct;
  command.script = &script;
  command.repeat = redis::Repeat::kSafe;
  command.reads = kPageBytes;
  command.wait = kWait;
  command.arguments = {"EVALSHA", std::string(script.sha1)};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  command.arguments.push_back(std::to_string(kPageBytes));
  commands_
      .submit(std::move(command),
              [ticket, alive = std::weak_ptr(self_)](const Result<redis::Reply>& reply) {
                const auto self = alive.lock();
                if (self != nullptr && (*self)->hub_ != nullptr) {
                  (*self)->hub_->on_page(ticket, page_of(reply));
                }
              })
      .release();
}

// ---- checking -----------------------------------------------------------------------------------

void RedisSource::check(std::span<const hub::Position> positions) {
  std::vector<Wanted> wanted;
  wanted.reserve(positions.size());
  for (const hub::Position& position : positions) {
    wanted.push_back({std::string(position.stream), position.after, position.ticket});
  }
  check(std::move(wanted));
}

// One XREAD for all: streams with nothing new cost next to nothing and are not in the answer.
void RedisSource::check(std::vector<Wanted> wanted) {
  redis::Command command;
  command.sender = redis::Sender::kProduct;
  command.arguments.reserve(4 + 2 * wanted.size());
  command.arguments = {"XREAD", "COUNT", "1", "STREAMS"};
  for (const Wanted& each : wanted) {
    command.arguments.push_back(each.stream);
  }
  for (const Wanted& each : wanted) {
    command.arguments.push_back(format_entry_id(each.after));
  }
  // Shared, since a completion is to be copyable.
  auto asked = std::make_shared<std::vector<Wanted>>(std::move(wanted));
  commands_
      .submit(std::move(command),
              [asked, alive = std::weak_ptr(self_)](const Result<redis::Reply>& reply) {
                const auto self = alive.lock();
                if (self != nullptr && (*self)->hub_ != nullptr) {
                  (*self)->checked(std::move(*asked), reply);
                }
              })
      .release();
}

void RedisSource::checked(std::vector<Wanted> wanted, const Result<redis::Reply>& reply) {
  if (reply && reply->error_code() == "WRONGTYPE" && wanted.size() > 1) {
    // One key that is no stream fails the command for its neighbours, too: find it by halves.
    const auto middle = wanted.begin() + static_cast<std::ptrdiff_t>(wanted.size() / 2);
    check(std::vector<Wanted>(std::move_iterator(middle), std::move_iterator(wanted.end())));
    wanted.erase(middle, wanted.end());
    check(std::move(wanted));
    return;
  }
  std::vector<hub::Ticket> behind;
  if (reply && reply->is_array()) {
    std::unordered_map<std::string_view, hub::Ticket> tickets;
    for (const Wanted& each : wanted) {
      tickets.emplace(each.stream, each.ticket);
    }
    for (std::size_t i = 0; i < reply->size(); ++i) {
      const auto found = tickets.find((*reply)[i][0].text());
      if (found != tickets.end()) {
        behind.push_back(found->second);
      }
    }
  }
  hub_->on_behind(behind);
}

}  // namespace notify
