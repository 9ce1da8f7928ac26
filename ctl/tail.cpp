// Follows one stream with blocking reads. XREAD gives entries in order, each once, from whoever
// added them; that is all that a reader with a connection of its own needs. (The module has
// thousands of streams on one connection, and so listens for bells.)

#include <algorithm>
#include <cstdio>
#include <random>
#include <variant>

#include "ctl/commands.hpp"
#include "ctl/entries.hpp"
#include "ctl/entry_text.hpp"
#include "ctl/interrupt.hpp"
#include "ctl/pairs.hpp"
#include "ctl/redis_place.hpp"
#include "shared/base/backoff.hpp"
#include "shared/model/stream_name.hpp"

namespace notify::ctl {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kBlock{1000};
constexpr Milliseconds kAnswer{5000};  // beyond the time that the command may block
constexpr std::string_view kPage = "500";

// Errors of Redis' that pass by themselves: it restarts, or hands over to another one.
bool is_passing(std::string_view code) {
  static constexpr std::string_view kPassing[] = {"LOADING",  "UNBLOCKED",   "MASTERDOWN",
                                                  "READONLY", "CLUSTERDOWN", "TRYAGAIN"};
  return std::find(std::begin(kPassing), std::end(kPassing), code) != std::end(kPassing);
}

class Follower {
 public:
  Follower(const TailOptions& options, RedisClient client)
      : options_(options), client_(std::move(client)) {}

  int run(const RedisUrl& url, std::optional<EntryId> from);

 private:
  // What a step came to: go on, begin a new connection, or end with this status.
  struct Lost {
    std::string why;
  };
  using Step = std::variant<std::monostate, Lost, int>;

  Step start(std::optional<EntryId> from);
  Step read();
  Step look_for_new_stream();
  Step look_for_gap();
  Step outcome(const Error& error) const;
  Step redis_outcome(redis::Reply reply) const;
  bool reconnect(const RedisUrl& url);
  Step print(const std::vector<Entry>& entries);

  const TailOptions& options_;
  RedisClient client_;
  Interrupt interrupt_;
  EntryId position_;  // the last entry that was shown, or before which all is left out
};

int Follower::run(const RedisUrl& url, std::optional<EntryId> from) {
  Step step = start(from);
  while (true) {
    if (const int* status = std::get_if<int>(&step)) {
      return *status;
    }
    if (const Lost* lost = std::get_if<Lost>(&step)) {
      complain(lost->why + "; trying again");
      if (!reconnect(url)) {
        return kExitDone;
      }
      complain("Redis is back");
      step = look_for_gap();
    } else {
      step = read();
    }
  }
}

Follower::Step Follower::start(std::optional<EntryId> from) {
  if (from) {
    position_ = *from;
    return {};
  }
  const std::uint64_t wanted = options_.last.value_or(0);
  // At least one is asked for: the newest entry is where following begins. Where there is none,
  // all that comes is new.
  const auto reply = client_.ask({"XREVRANGE", options_.stream, "+", "-", "COUNT",
                                  std::to_string(std::max<std::uint64_t>(wanted, 1))});
  if (!reply) {
    return outcome(reply.error());
  }
  if (reply->view().is_error()) {
    return redis_outcome(reply->view());
  }
  std::vector<Entry> entries = read_entries(reply->view());
  std::reverse(entries.begin(), entries.end());
  if (wanted == 0) {
    position_ = entries.empty() ? EntryId{} : entries.back().id;
    return {};
  }
  return print(entries);
}

Follower::Step Follower::read() {
  const auto sent = client_.send(std::vector<std::string_view>{
      "XREAD", "COUNT", kPage, "BLOCK", std::to_string(kBlock.count()), "STREAMS", options_.stream,
      format_entry_id(position_)});
  if (!sent) {
    return outcome(sent.error());
  }
  switch (interrupt_.wait(client_.descriptor(), kBlock + kAnswer)) {
    case Wake::kInterrupted:
      return kExitDone;
    case Wake::kTimeout:
      return Lost{"Redis at " + client_.server() + " does not answer"};
    case Wake::kReadable:
      break;
  }
  const auto reply = client_.receive();
  if (!reply) {
    return outcome(reply.error());
  }
  if (reply->view().is_error()) {
    return redis_outcome(reply->view());
  }
  // [[key, [entry, …]]], or nil when the time was over.
  return reply->view().is_nil() ? look_for_new_stream() : print(read_entries(reply->view()[0][1]));
}

// A stream that was deleted and made anew may give lower ids than those already seen, for which a
// blocking read would wait for ever.
Follower::Step Follower::look_for_new_stream() {
  if (position_.is_zero()) {
    return {};
  }
  const auto reply = client_.ask({"XINFO", "STREAM", options_.stream});
  if (!reply) {
    return outcome(reply.error());
  }
  const bool gone = reply->view().is_error() &&
                    reply->view().text().find("no such key") != std::string_view::npos;
  if (reply->view().is_error() && !gone) {
    return redis_outcome(reply->view());
  }
  const auto last =
      parse_entry_id(find_member(reply->view(), "last-generated-id").text()).value_or(EntryId{});
  if (last < position_) {
    complain(gone ? "the stream was deleted; waiting for a new one" : "the stream was made anew");
    position_ = {};
  }
  return {};
}

// After an outage: what was added and trimmed meanwhile cannot be shown. It is so if the position's
// own entry is gone too and something stands behind it; a false alarm is possible.
Follower::Step Follower::look_for_gap() {
  if (position_.is_zero()) {
    return {};
  }
  const std::string id = format_entry_id(position_);
  const auto reply = client_.ask({"XRANGE", options_.stream, id, "+", "COUNT", "1"});
  if (!reply) {
    return outcome(reply.error());
  }
  if (reply->view().is_error()) {
    return redis_outcome(reply->view());
  }
  const auto found = read_entries(reply->view());
  if (!found.empty() && found.front().id != position_) {
    complain("entries after " + id + " may have been trimmed before they could be shown");
  }
  return {};
}

Follower::Step Follower::outcome(const Error& error) const {
  return interrupt_.raised() ? Step(kExitDone) : Step(Lost{error.message});
}

Follower::Step Follower::redis_outcome(redis::Reply reply) const {
  const std::string message = redis_error(client_.server(), reply.text()).message;
  if (is_passing(reply.error_code())) {
    return Lost{message};
  }
  complain(message);
  return kExitFailed;
}

// False when it was interrupted.
bool Follower::reconnect(const RedisUrl& url) {
  const Backoff backoff(Milliseconds{50}, Milliseconds{2000}, 0.3);
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> jitter(0.0, 1.0);
  for (unsigned attempt = 0;; ++attempt) {
    if (interrupt_.wait(-1, backoff.next(attempt, jitter(random))) == Wake::kInterrupted) {
      return false;
    }
    if (auto client = RedisClient::connect(url)) {
      client_ = std::move(*client);
      return true;
    }
  }
}

Follower::Step Follower::print(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const std::string line = (options_.json ? entry_json(entry) : entry_line(entry)) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    position_ = entry.id;
  }
  // Whoever read the output has gone (`| head`): nothing to complain about.
  return std::fflush(stdout) == 0 ? Step() : Step(kExitDone);
}

}  // namespace

int tail(const Settings& settings, const TailOptions& options) {
  if (const auto checked = check_stream_name(options.stream); !checked) {
    complain(checked.error().message);
    return kExitUsage;
  }
  std::optional<EntryId> from;
  if (!options.from.empty()) {
    const auto parsed = parse_any_id(options.from);
    if (!parsed) {
      complain("--from: " + parsed.error().message);
      return kExitUsage;
    }
    from = *parsed;
  }
  const auto url = find_redis(settings);
  if (!url) {
    complain(url.error().message);
    return kExitFailed;
  }
  auto client = RedisClient::connect(*url);
  if (!client) {
    complain(client.error().message);
    return kExitFailed;
  }
  return Follower(options, std::move(*client)).run(*url, from);
}

}  // namespace notify::ctl
