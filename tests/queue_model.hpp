#pragma once

// What the scripts of work queues do, in a pretended Redis: one stream with two groups. A single
// clock, no failures; the rest is as in shared/redis/scripts.

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ngx_notify_module/queue/source.hpp"
#include "tests/queue_fakes.hpp"

namespace notify::test {

class RedisModel {
 public:
  static constexpr std::uint64_t kAckTimeout = 20'000;
  static constexpr std::uint64_t kMaxDeliveries = 4;
  static constexpr std::uint64_t kTtl = 45'000;

  struct Pending {
    std::string consumer;
    std::uint64_t since = 0;
    std::uint64_t deliveries = 1;
  };
  struct NameLease {
    std::string token;
    std::uint64_t limit = 0;
    std::uint64_t expires = 0;
  };
  struct State {  // of a group
    bool exists = false;
    EntryId last;
    EntryId mark;
    std::map<EntryId, Pending> pending;
    std::map<std::string, NameLease> leases;
    std::set<EntryId> finished;  // acknowledged, dropped or dead: need not be delivered any more
  };
  struct Asked {
    std::string consumer;
    std::string token;
    std::size_t in_flight = 0;
    std::size_t count = 0;
  };

  std::set<EntryId> entries;  // those whose body is there
  std::uint64_t last_ms = 0;
  std::uint64_t now = 1'000'000;
  State groups[2];
  std::function<void(int group, const std::string& payload)> publish;

  static std::vector<Asked> copy_of(std::span<const Order> orders) {
    std::vector<Asked> asked;
    for (const Order& order : orders) {
      asked.push_back({std::string(order.member.consumer), std::string(order.member.token),
                       order.in_flight, order.count});
    }
    return asked;
  }

  [[nodiscard]] bool holds(int group, const std::string& consumer, EntryId id) const {
    const auto found = groups[group].pending.find(id);
    return found != groups[group].pending.end() && found->second.consumer == consumer;
  }

  Joined join(int group, const std::string& consumer, const std::string& token,
              std::uint64_t limit) {
    State& state = groups[group];
    Joined answer;
    if (!state.exists) {
      state.exists = true;
      state.last = state.mark;
      answer.restored = !state.mark.is_zero();
    }
    NameLease& held = state.leases[consumer];
    answer.held = !held.token.empty() && held.expires > now && held.token != token;
    if (!answer.held) {
      held = {token, limit, now + kTtl};
      answer.limit = limit;
    }
    return answer;
  }

  void leave(int group, const std::string& consumer, const std::string& token) {
    const auto found = groups[group].leases.find(consumer);
    if (found != groups[group].leases.end() && found->second.token == token) {
      groups[group].leases.erase(found);
    }
  }

  void keep_mark(int group) {
    State& state = groups[group];
    if (state.exists) {
      state.mark =
          state.pending.empty() ? state.last : EntryId{state.pending.begin()->first.ms - 1, 0};
    }
  }

  Taken take(int group, const std::vector<Asked>& asked) {
    State& state = groups[group];
    Taken answer{!state.exists, true, {}};
    for (const Asked& each : asked) {
      Share& share = answer.shares.emplace_back();
      for (std::size_t room = answer.lost ? 0 : room_of(state, each, share); room > 0; --room) {
        const auto next = entries.upper_bound(state.last);
        if (next == entries.end()) {
          answer.more = false;
          break;
        }
        state.last = *next;
        state.pending[*next] = {each.consumer, now, 1};
        share.entries.push_back(item_at(next->ms));
      }
    }
    return answer;
  }

  Claimed claim(int group, EntryId cursor, const std::vector<Asked>& asked) {
    State& state = groups[group];
    Claimed answer;
    answer.lost = !state.exists;
    answer.next = cursor;
    bool walked = false;
    for (const Asked& each : asked) {
      Share& share = answer.shares.emplace_back();
      for (std::size_t room = answer.lost ? 0 : room_of(state, each, share); room > 0 && !walked;) {
        auto place = state.pending.lower_bound(answer.next);
        while (place != state.pending.end() && now - place->second.since < kAckTimeout) {
          ++place;
        }
        walked = place == state.pending.end();
        if (walked) {
          break;
        }
        const EntryId id = place->first;
        answer.next = {id.ms, id.seq + 1};
        const bool there = entries.contains(id);
        if (!there || place->second.deliveries >= kMaxDeliveries) {
          (there ? answer.dead : answer.gone) += 1;
          finish(group, id);
          continue;
        }
        place->second = {each.consumer, now, place->second.deliveries + 1};
        share.entries.push_back(item_at(id.ms));
        publish(group, "moved " + each.token + " " + format_entry_id(id));
        --room;
      }
    }
    if (walked) {
      answer.next = {};
    }
    return answer;
  }

  Audited audit(int group, const std::vector<std::pair<std::string, EntryId>>& asked) const {
    Audited answer{!groups[group].exists, {}};
    for (const auto& [consumer, id] : asked) {
      answer.held.push_back(holds(group, consumer, id));
    }
    return answer;
  }

  [[nodiscard]] Recalled recall(
      int group, std::uint64_t recent,
      const std::vector<std::pair<std::string, std::string>>& asked) const {
    const State& state = groups[group];
    Recalled answer{!state.exists, {}};
    for (const auto& [consumer, token] : asked) {
      std::vector<EntryId>& given = answer.given.emplace_back();
      const auto lease = state.leases.find(consumer);
      for (const auto& [id, pending] : state.pending) {
        if (lease != state.leases.end() && lease->second.token == token &&
            pending.consumer == consumer && now - pending.since <= recent) {
          given.push_back(id);
        }
      }
    }
    return answer;
  }

  void requeue(int group, const std::string& consumer, const std::vector<EntryId>& ids) {
    bool any = false;
    for (const EntryId id : ids) {
      if (holds(group, consumer, id)) {
        Pending& pending = groups[group].pending.at(id);
        pending.since = now - kAckTimeout;
        pending.deliveries -= pending.deliveries > 0 ? 1 : 0;
        any = true;
      }
    }
    if (any) {
      publish(group, "reclaim");
    }
  }

  Renewed renew(int group,
                const std::vector<std::tuple<std::string, std::string, std::uint64_t>>& asked) {
    Renewed answer;
    for (const auto& [consumer, token, limit] : asked) {
      NameLease& held = groups[group].leases[consumer];
      if (held.token.empty()) {
        held = {token, limit, 0};
      }
      if (held.token == token) {
        held.expires = now + kTtl;
        answer.emplace_back(held.limit);
      } else {
        answer.emplace_back(std::nullopt);
      }
    }
    return answer;
  }

  void finish(int group, EntryId id) {
    const bool pending = groups[group].pending.erase(id) > 0;
    groups[group].finished.insert(id);
    publish(group, (pending ? "done " : "absent ") + format_entry_id(id));
  }

  void set_limit(int group, std::uint64_t limit) {
    bool any = false;
    for (auto& [name, lease] : groups[group].leases) {
      if (lease.expires > now) {
        lease.limit = limit;
        any = true;
      }
    }
    if (any) {
      publish(group, "limit " + std::to_string(limit));
    }
  }

  // Finished by a native client: nobody is told.
  void acknowledge(int group) {
    State& state = groups[group];
    if (!state.pending.empty()) {
      state.finished.insert(state.pending.begin()->first);
      state.pending.erase(state.pending.begin());
    }
  }

  void lose_group(int group) {
    groups[group].exists = false;
    groups[group].pending.clear();
  }

 private:
  // What it knows of the asker: its limit goes into the share; how many it may be given.
  static std::size_t room_of(const State& state, const Asked& asked, Share& share) {
    const auto lease = state.leases.find(asked.consumer);
    if (lease == state.leases.end() || lease->second.token != asked.token) {
      share.forgotten = lease == state.leases.end() || lease->second.token.empty();
      return 0;
    }
    share.limit = lease->second.limit;
    return lease->second.limit > asked.in_flight
               ? std::min<std::size_t>(asked.count, lease->second.limit - asked.in_flight)
               : 0;
  }
};

}  // namespace notify::test
