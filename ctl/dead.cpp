#include <cstdio>

#include "ctl/commands.hpp"
#include "ctl/dead_letter.hpp"
#include "ctl/entries.hpp"
#include "ctl/pairs.hpp"
#include "ctl/redis_place.hpp"
#include "shared/model/request_id.hpp"
#include "shared/model/stream_name.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify::ctl {
namespace {

constexpr std::string_view kPage = "200";

int failed(const Error& error) {
  complain(error.message);
  return kExitFailed;
}

// The dead letters of one stream.
class DeadLetters {
 public:
  static Result<DeadLetters> open(const Settings& settings, const std::string& stream) {
    if (const auto checked = check_stream_name(stream); !checked) {
      return checked.error();
    }
    auto client = connect_redis(settings);
    if (!client) {
      return client.error();
    }
    return DeadLetters(std::move(*client), stream);
  }

  Result<std::int64_t> count() {
    const auto reply = client_.call({"XLEN", key_});
    if (!reply) {
      return reply.error();
    }
    return reply->view().integer().value_or(0);
  }

  // Calls visit(letter) for each that is there now; false from it ends the walk.
  template <class Visit>
  Result<void> each(Visit visit) {
    const auto newest = client_.call({"XREVRANGE", key_, "+", "-", "COUNT", "1"});
    if (!newest) {
      return newest.error();
    }
    const auto end = redis::parse_entry(newest->view()[0]);
    std::string start = "-";
    while (end) {
      const auto reply =
          client_.call({"XRANGE", key_, start, format_entry_id(end->id), "COUNT", kPage});
      if (!reply) {
        return reply.error();
      }
      const auto entries = read_entries(reply->view());
      std::vector<DeadLetter> letters;
      letters.reserve(entries.size());
      for (const Entry& entry : entries) {
        letters.push_back(parse_dead_letter(entry));
      }
      identify(letters);
      for (const DeadLetter& letter : letters) {
        if (!visit(letter)) {
          return {};
        }
      }
      if (entries.empty()) {
        return {};
      }
      start = "(" + format_entry_id(entries.back().id);
    }
    return {};
  }

  Result<std::optional<DeadLetter>> find(EntryId id) {
    const std::string text = format_entry_id(id);
    const auto reply = client_.call({"XRANGE", key_, text, text});
    if (!reply) {
      return reply.error();
    }
    const auto entry = redis::parse_entry(reply->view()[0]);
    if (!entry) {
      return std::optional<DeadLetter>();
    }
    std::vector<DeadLetter> letters{parse_dead_letter(*entry)};
    identify(letters);
    return std::optional(std::move(letters.front()));
  }

  // What became of it: "pending <id>", "added <id>" or "none" (see redrive.lua).
  Result<std::string> redrive(EntryId id) {
    const auto letter = find(id);
    if (!letter) {
      return letter.error();
    }
    if (!*letter) {
      return std::string("none");
    }
    const auto channel = queue_channel((*letter)->group);
    if (!channel) {
      return channel.error();
    }
    const std::string due = redis::side_key(stream_, "due");
    const std::string_view keys[] = {stream_, key_, due};
    const std::string text = format_entry_id(id);
    const std::string_view arguments[] = {text, *channel};
    const auto reply = client_.run(redis::scripts::redrive, keys, arguments);
    if (!reply) {
      return reply.error();
    }
    const std::string word(reply->view()[0].text());
    return reply->view().size() > 1 ? word + " " + std::string(reply->view()[1].text()) : word;
  }

 private:
  DeadLetters(RedisClient client, const std::string& stream)
      : client_(std::move(client)), stream_(stream), key_(redis::side_key(stream, "dead")) {}

  // Which request it was, from beside the stream where the entry itself does not tell. It is kept
  // for the latest ones only; without it the rest is shown.
  void identify(std::vector<DeadLetter>& letters) {
    std::vector<std::string> ids;
    ids.reserve(letters.size());
    for (const DeadLetter& letter : letters) {
      ids.push_back(format_entry_id(letter.original.id));
    }
    const std::string key = redis::requests_key(stream_);
    const std::string_view keys[] = {key};
    const auto reply = client_.run(redis::scripts::requests, keys,
                                   std::vector<std::string_view>(ids.begin(), ids.end()));
    for (std::size_t i = 0; reply && i < letters.size(); ++i) {
      const std::string_view request = reply->view()[i].text();
      if (letters[i].request.empty() && is_request_id(request)) {
        letters[i].request = request;
      }
    }
  }

  // Where consumers of that group listen; empty if it is no work queue.
  Result<std::string> queue_channel(const std::string& group) {
    const auto settings =
        client_.call({"HGET", redis::kQueuesKey, redis::queue_pair(stream_, group)});
    if (!settings) {
      return settings.error();
    }
    return settings->view().is_nil()
               ? std::string()
               : redis::control_channel(stream_, group, static_cast<int>(client_.database()));
  }

  RedisClient client_;
  std::string stream_;
  std::string key_;
};

Error not_there(EntryId id, const std::string& stream) {
  return {ErrorKind::kNotFound, "there is no dead letter " + format_entry_id(id) + " of " + stream +
                                    ": see `notifyctl dead list`"};
}

// One line on stdout or stderr; true if it lives again.
bool redrive_one(DeadLetters& letters, EntryId id, const std::string& stream) {
  const auto outcome = letters.redrive(id);
  if (!outcome) {
    complain(format_entry_id(id) + ": " + outcome.error().message);
    return false;
  }
  if (*outcome == "none") {
    complain(not_there(id, stream).message);
    return false;
  }
  std::printf("%s %s\n", format_entry_id(id).c_str(), outcome->c_str());
  return true;
}

}  // namespace

int dead_list(const Settings& settings, const DeadOptions& options) {
  auto letters = DeadLetters::open(settings, options.stream);
  if (!letters) {
    return failed(letters.error());
  }
  if (options.count) {
    const auto count = letters->count();
    if (!count) {
      return failed(count.error());
    }
    std::printf("%lld\n", static_cast<long long>(*count));
    return kExitDone;
  }
  const auto walked = letters->each([&](const DeadLetter& letter) {
    const std::string line = options.json ? dead_json(letter) : dead_line(letter);
    std::printf("%s\n", line.c_str());
    return std::ferror(stdout) == 0;
  });
  return walked ? kExitDone : failed(walked.error());
}

int dead_show(const Settings& settings, const DeadOptions& options) {
  const auto id = parse_any_id(options.ids.front());
  if (!id) {
    complain(id.error().message);
    return kExitUsage;
  }
  auto letters = DeadLetters::open(settings, options.stream);
  if (!letters) {
    return failed(letters.error());
  }
  const auto letter = letters->find(*id);
  if (!letter) {
    return failed(letter.error());
  }
  if (!*letter) {
    return failed(not_there(*id, options.stream));
  }
  const std::string page = options.json ? dead_json(**letter) + "\n" : dead_page(**letter);
  std::fputs(page.c_str(), stdout);
  return kExitDone;
}

int dead_redrive(const Settings& settings, const DeadOptions& options) {
  if (options.ids.empty() && !options.all) {
    complain("which ones? Name ids of `notifyctl dead list`, or --all");
    return kExitUsage;
  }
  std::vector<EntryId> ids;
  for (const std::string& word : options.ids) {
    const auto id = parse_any_id(word);
    if (!id) {
      complain(id.error().message);
      return kExitUsage;
    }
    ids.push_back(*id);
  }
  auto letters = DeadLetters::open(settings, options.stream);
  if (!letters) {
    return failed(letters.error());
  }
  // First all ids: those that fail again while this runs are not driven a second time.
  if (options.all) {
    const auto walked = letters->each([&ids](const DeadLetter& letter) {
      ids.push_back(letter.id);
      return true;
    });
    if (!walked) {
      return failed(walked.error());
    }
  }
  std::size_t alive = 0;
  for (const EntryId id : ids) {
    alive += redrive_one(*letters, id, options.stream) ? 1 : 0;
  }
  return alive == ids.size() ? kExitDone : kExitFailed;
}

}  // namespace notify::ctl
