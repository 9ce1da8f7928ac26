#include "ngx_notify_module/upstream/queue_replies.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ngx_notify_module/transport/commands.hpp"
#include "shared/redis/page.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {
namespace {

constexpr std::int64_t kForeign = -1;    // instead of a limit: the name is another one's
constexpr std::int64_t kForgotten = -2;  // or nobody's

Error unknown_shape(const redis::Script& script) {
  return {ErrorKind::kInternal, std::string(script.name) + ".lua answered in an unknown shape"};
}

std::optional<std::uint64_t> count_of(const redis::Reply& reply) {
  const auto number = reply.integer();
  return number && *number >= 0 ? std::optional<std::uint64_t>(*number) : std::nullopt;
}

// Of one consumer: {limit, entry, …}.
bool parse_share(const redis::Reply& reply, queue::Share& share) {
  const auto limit = reply[0].integer();
  if (!limit || *limit < kForgotten) {
    return false;
  }
  if (*limit >= 0) {
    share.limit = static_cast<std::uint64_t>(*limit);
  }
  share.forgotten = *limit == kForgotten;
  share.entries.reserve(reply.size() - 1);
  for (std::size_t i = 1; i < reply.size(); ++i) {
    auto entry = redis::parse_entry(reply[i]);
    if (!entry) {
      return false;
    }
    share.entries.push_back(std::move(*entry));
  }
  return true;
}

// One for each consumer that was asked for, after `skip` other elements.
bool parse_shares(const redis::Reply& reply, std::size_t skip, std::size_t asked,
                  std::vector<queue::Share>& shares) {
  if (reply.size() != skip + asked) {
    return false;
  }
  shares.resize(asked);
  for (std::size_t i = 0; i < asked; ++i) {
    if (!parse_share(reply[skip + i], shares[i])) {
      return false;
    }
  }
  return true;
}

bool parse_ids(const redis::Reply& reply, std::vector<EntryId>& ids) {
  if (!reply.is_array()) {
    return false;
  }
  ids.reserve(reply.size());
  for (std::size_t i = 0; i < reply.size(); ++i) {
    const auto id = parse_entry_id(reply[i].text());
    if (!id) {
      return false;
    }
    ids.push_back(*id);
  }
  return true;
}

// An answer that is {'ok', …} or {'lost'}: `rest` reads what follows 'ok'.
template <class Answer, class Rest>
Result<Answer> parse(const redis::Script& script, const Result<redis::Reply>& reply, Rest rest) {
  if (auto failure = failure_of(reply)) {
    return *std::move(failure);
  }
  Answer answer;
  answer.lost = (*reply)[0].text() == "lost";
  if (!answer.lost && ((*reply)[0].text() != "ok" || !rest(*reply, answer))) {
    return unknown_shape(script);
  }
  return answer;
}

}  // namespace

std::optional<Error> failure_of(const Result<redis::Reply>& reply) {
  if (!reply) {
    return reply.error();
  }
  if (reply->is_error()) {
    return error_of(*reply);
  }
  return std::nullopt;
}

std::optional<Error> refusal_of(const Result<redis::Reply>& reply) {
  return reply ? failure_of(reply) : error_of(reply.error());
}

Result<bool> parse_restored(const Result<redis::Reply>& reply) {
  constexpr std::int64_t kRestored = 2;
  if (auto failure = refusal_of(reply)) {
    return *std::move(failure);
  }
  const auto what = (*reply)[0].integer();
  if (!what || *what < 0 || *what > kRestored) {
    return unknown_shape(redis::scripts::group);
  }
  return *what == kRestored;
}

Result<queue::Joined> parse_joined(const Result<redis::Reply>& reply) {
  if (auto failure = refusal_of(reply)) {
    return *std::move(failure);
  }
  queue::Joined joined;
  joined.held = (*reply)[0].text() == "held";
  const auto limit = count_of((*reply)[1]);
  if (!limit || (!joined.held && (*reply)[0].text() != "ok")) {
    return unknown_shape(redis::scripts::join);
  }
  joined.limit = *limit;
  if (joined.held) {
    joined.holder = (*reply)[2].text();
  }
  return joined;
}

Result<queue::Taken> parse_taken(const Result<redis::Reply>& reply, std::size_t asked) {
  return parse<queue::Taken>(redis::scripts::take, reply,
                             [asked](const redis::Reply& rest, queue::Taken& taken) {
                               const auto more = rest[1].integer();
                               taken.more = more.value_or(0) != 0;
                               return more && parse_shares(rest, 2, asked, taken.shares);
                             });
}

Result<queue::Claimed> parse_claimed(const Result<redis::Reply>& reply, std::size_t asked) {
  return parse<queue::Claimed>(redis::scripts::claim, reply,
                               [asked](const redis::Reply& rest, queue::Claimed& claimed) {
                                 const auto next = parse_entry_id(rest[1].text());
                                 const auto gone = count_of(rest[2]);
                                 const auto dead = count_of(rest[3]);
                                 if (!next || !gone || !dead) {
                                   return false;
                                 }
                                 claimed.next = *next;
                                 claimed.gone = *gone;
                                 claimed.dead = *dead;
                                 return parse_shares(rest, 4, asked, claimed.shares);
                               });
}

Result<queue::Audited> parse_audited(const Result<redis::Reply>& reply, std::size_t asked) {
  return parse<queue::Audited>(redis::scripts::audit, reply,
                               [asked](const redis::Reply& rest, queue::Audited& audited) {
                                 if (rest.size() != 1 + asked) {
                                   return false;
                                 }
                                 audited.held.reserve(asked);
                                 for (std::size_t i = 1; i <= asked; ++i) {
                                   const auto held = rest[i].integer();
                                   if (!held) {
                                     return false;
                                   }
                                   audited.held.push_back(*held != 0);
                                 }
                                 return true;
                               });
}

Result<queue::Recalled> parse_recalled(const Result<redis::Reply>& reply, std::size_t asked) {
  return parse<queue::Recalled>(redis::scripts::recall, reply,
                                [asked](const redis::Reply& rest, queue::Recalled& recalled) {
                                  if (rest.size() != 1 + asked) {
                                    return false;
                                  }
                                  recalled.given.resize(asked);
                                  for (std::size_t i = 0; i < asked; ++i) {
                                    if (!parse_ids(rest[1 + i], recalled.given[i])) {
                                      return false;
                                    }
                                  }
                                  return true;
                                });
}

Result<queue::Renewed> parse_renewed(const Result<redis::Reply>& reply, std::size_t asked) {
  if (auto failure = failure_of(reply)) {
    return *std::move(failure);
  }
  if (!reply->is_array() || reply->size() != asked) {
    return unknown_shape(redis::scripts::renew);
  }
  queue::Renewed renewed(asked);
  for (std::size_t i = 0; i < asked; ++i) {
    const auto limit = (*reply)[i].integer();
    if (!limit || *limit < kForeign) {
      return unknown_shape(redis::scripts::renew);
    }
    if (*limit >= 0) {
      renewed[i] = static_cast<std::uint64_t>(*limit);
    }
  }
  return renewed;
}

}  // namespace notify
