#include "ngx_notify_module/work/finish.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/calls/batch.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/finished_ids.hpp"
#include "ngx_notify_module/transport/queue_commands.hpp"
#include "shared/base/json.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {
namespace {

// A script holds up Redis for as long as it runs.
constexpr std::size_t kSlice = 500;

constexpr std::string_view kNotInFlight = "Message not found or already processed";
constexpr std::string_view kNotPending =
    "Message not found in pending list or already acknowledged";

int database() { return static_cast<int>(runtime->conf().redis->db); }

// What Redis says of an id.
enum Outcome : std::int64_t {
  kMissing = 0,
  kDone = 1,
  kAlready = 2,  // by an earlier request, which got no answer
  kJustNow = 3,  // the same, but its answer may be on its way
};

// For an answer that is on its way (finish.lua, UNTOLD).
constexpr std::chrono::milliseconds kOnItsWay{30};

struct Later final : Attachment {
  explicit Later(std::function<void()> fire) : timer(EventTimer::kHolding, std::move(fire)) {}
  EventTimer timer;
};

void forget(std::span<const EntryId> ids, const FinishOrder& order) {
  runtime->finished_ids().add(ids, order.stream, order.group);
}

ngx_int_t not_found(ngx_http_request_t* r, std::string_view text) {
  return fail(r, NGX_HTTP_NOT_FOUND, text);
}

ngx_int_t finished(ngx_http_request_t* r, Outcome outcome) {
  return respond(r, NGX_HTTP_OK, kJson,
                 outcome != kDone ? "{\"action\":\"finished\",\"already\":true,\"status\":\"ok\"}\n"
                                  : "{\"action\":\"finished\",\"status\":\"ok\"}\n");
}

// ---- one entry of one group ---------------------------------------------------------------------

ngx_int_t finish_one(ngx_http_request_t* r, const FinishOrder& order, EntryId id,
                     std::string_view missing, bool once_more = false);

// Who asks at the same time as another request is second, and is told so when that one has its
// answer.
ngx_int_t finish_later(ngx_http_request_t* r, const FinishOrder& order, EntryId id,
                       std::string_view missing) {
  auto later = std::make_unique<Later>([r, order, id, missing] {
    finish_with(r, [&] { return finish_one(r, order, id, missing, true); });
  });
  later->timer.arm(kOnItsWay);
  find_context(r)->attachment = std::move(later);
  return park(r);
}

ngx_int_t finish_one(ngx_http_request_t* r, const FinishOrder& order, EntryId id,
                     std::string_view missing, bool once_more) {
  return ask(r, finish_command(order, std::span(&id, 1), database()),
             [r, order, id, missing, once_more](const redis::Reply& reply) {
               if (reply.is_error()) {
                 return refused(r, reply);
               }
               const auto outcome = Outcome{reply[2].integer().value_or(kMissing)};
               if (outcome == kJustNow && !once_more) {
                 return finish_later(r, order, id, missing);
               }
               if (outcome == kDone) {
                 runtime->finished_ids().told(std::span(&id, 1), order.stream, order.group);
               } else if (outcome == kMissing && order.consumer.empty()) {
                 forget(std::span(&id, 1), order);  // with a consumer, somebody else may have it
               }
               return outcome == kMissing ? not_found(r, missing) : finished(r, outcome);
             });
}

// ---- one entry, by its id alone -----------------------------------------------------------------

// The groups that may have it in flight, looked at one after another until there are two.
struct Search {
  EntryId id;
  std::vector<FinishOrder> places;
  std::size_t next = 0;
  std::optional<std::size_t> found;
};

// In flight nowhere: was it finished, by a request that got no answer?
ngx_int_t look_behind(ngx_http_request_t* r, const std::shared_ptr<Search>& search,
                      std::size_t number) {
  if (number == search->places.size()) {
    return not_found(r, kNotInFlight);
  }
  const FinishOrder& place = search->places[number];
  return ask(r, finish_command(place, std::span(&search->id, 1), database()),
             [r, search, number](const redis::Reply& reply) {
               const auto outcome = Outcome{reply[2].integer().value_or(kMissing)};
               if (outcome == kJustNow) {
                 return finish_later(r, search->places[number], search->id, kNotInFlight);
               }
               if (outcome != kMissing) {
                 return finished(r, outcome);
               }
               forget(std::span(&search->id, 1), search->places[number]);
               return look_behind(r, search, number + 1);
             });
}

ngx_int_t look(ngx_http_request_t* r, const std::shared_ptr<Search>& search) {
  if (search->next == search->places.size()) {
    return search->found ? finish_one(r, search->places[*search->found], search->id, kNotInFlight)
                         : look_behind(r, search, 0);
  }
  const FinishOrder& place = search->places[search->next];
  return ask(r, pending_command(search->id, place.stream, place.group),
             [r, search](const redis::Reply& reply) {
               const bool lost =
                   reply.error_code() == "NOGROUP" || reply.error_code() == "WRONGTYPE";
               if (reply.is_error() && !lost) {
                 return refused(r, reply);
               }
               const std::size_t number = search->next++;
               if (lost || reply.size() == 0) {
                 return look(r, search);
               }
               if (search->found) {
                 return fail(r, NGX_HTTP_CONFLICT,
                             "Message is in flight in several groups: name one of them with "
                             "?stream=...&group=...");
               }
               search->found = number;
               return look(r, search);
             });
}

ngx_int_t finish_anywhere(ngx_http_request_t* r, EntryId id, bool remove) {
  return ask(r, inflight_command(id), [r, id, remove](const redis::Reply& reply) {
    if (reply.is_error()) {
      return refused(r, reply);
    }
    auto search = std::make_shared<Search>();
    search->id = id;
    for (std::size_t i = 0; i < reply.size(); ++i) {
      auto pair = redis::parse_queue_pair(reply[i].text());
      // What belongs to others is not in flight here, whoever has it.
      if (pair && !loc_conf<LocConf>(r)->get<OwnershipConf>().is_foreign(pair->first)) {
        search->places.push_back({std::move(pair->first), std::move(pair->second), "", remove});
      }
    }
    if (search->places.size() == 1) {
      return finish_one(r, search->places[0], id, kNotInFlight);
    }
    return look(r, search);
  });
}

// ---- a list -------------------------------------------------------------------------------------

struct IdList {
  std::size_t received = 0;
  std::vector<EntryId> ids;  // those that are ids, each once
};

// In one request.
constexpr std::size_t kMostIds = 100'000;

Result<IdList> parse_list(std::string_view text) {
  const Result<json::Value> value = json::parse_value(text);
  if (!value) {
    return invalid("Invalid JSON: " + value.error().message);
  }
  if (!value->is_array()) {
    return invalid("Invalid JSON: the ids must be an array of strings");
  }
  const Result<std::vector<json::Value>> elements = json::elements(*value, kMostIds);
  if (!elements) {
    return invalid("Invalid JSON: " + elements.error().message);
  }
  if (elements->empty()) {
    return invalid("At least one message id is required");
  }
  if (elements->size() > kMostIds) {
    return Error{ErrorKind::kTooLarge, "There may be 100,000 message ids at a time"};
  }
  IdList list;
  list.received = elements->size();
  for (const json::Value& element : *elements) {
    if (!element.is_string()) {
      return invalid("Invalid JSON: the ids must be an array of strings");
    }
    if (const std::optional<EntryId> id = parse_entry_id(json::unquote(element))) {
      list.ids.push_back(*id);
    }
  }
  std::sort(list.ids.begin(), list.ids.end());
  list.ids.erase(std::unique(list.ids.begin(), list.ids.end()), list.ids.end());
  return list;
}

struct Tally {
  std::int64_t acked = 0;
  std::int64_t deleted = 0;
  std::int64_t already = 0;
};

ngx_int_t finish_list(ngx_http_request_t* r, const LocConf& conf, const FinishOrder& order,
                      IdList list) {
  auto tally = std::make_shared<Tally>();
  const auto answer = [r, tally, received = list.received] {
    return respond(
        r, NGX_HTTP_OK, kJson,
        "{\"acked\":" + std::to_string(tally->acked) + ",\"action\":\"batch_finished\"" +
            (tally->already > 0 ? ",\"already\":" + std::to_string(tally->already) : "") +
            ",\"deleted\":" + std::to_string(tally->deleted) +
            ",\"received\":" + std::to_string(received) + ",\"status\":\"ok\"}\n");
  };
  if (list.ids.empty()) {
    return answer();
  }
  std::vector<redis::Command> commands;
  const auto ids = std::make_shared<const std::vector<EntryId>>(std::move(list.ids));
  const auto slice = [ids](std::size_t number) {
    const std::span<const EntryId> rest = std::span(*ids).subspan(number * kSlice);
    return rest.first(std::min(rest.size(), kSlice));
  };
  for (std::size_t number = 0; number * kSlice < ids->size(); ++number) {
    commands.push_back(finish_command(order, slice(number), database()));
    commands.back().wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
  }
  return run_batch(
      r, std::move(commands),
      [tally, slice, order](std::size_t number, const redis::Reply& reply) -> Result<std::string> {
        tally->acked += reply[0].integer().value_or(0);
        tally->deleted += reply[1].integer().value_or(0);
        std::vector<EntryId> done;
        const std::span<const EntryId> asked = slice(number);
        for (std::size_t i = 0; i < asked.size(); ++i) {
          const auto outcome = Outcome{reply[2 + i].integer().value_or(kMissing)};
          if (outcome == kDone) {
            done.push_back(asked[i]);
          }
          tally->already += outcome == kAlready || outcome == kJustNow ? 1 : 0;
        }
        runtime->finished_ids().told(done, order.stream, order.group);
        return std::string();
      },
      [answer](const std::vector<std::string>&) { return answer(); });
}

// ---- the request --------------------------------------------------------------------------------

struct FinishWish {
  std::string_view id;
  std::string_view ids;
  std::string_view stream;
  std::string_view group;
  std::string_view consumer;
};

Result<void> check_names(ngx_http_request_t* r, const FinishWish& wish, const FinishConf& conf) {
  Result<void> outcome = check_stream(r, conf.stream, wish.stream);
  if (outcome) {
    outcome = check_group(r, conf.group, wish.group);
  }
  return outcome && conf.consumer != nullptr ? check_consumer(r, conf.consumer, wish.consumer)
                                             : outcome;
}

ngx_int_t serve_finish(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const FinishConf& settings = conf.get<FinishConf>();
  FinishWish wish;
  if (!read_values(r, {{settings.id, &wish.id},
                       {settings.ids, &wish.ids},
                       {settings.stream, &wish.stream},
                       {settings.group, &wish.group},
                       {settings.consumer, &wish.consumer}})) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const std::optional<EntryId> id = parse_entry_id(wish.id);
  const bool anywhere = settings.ids == nullptr && settings.consumer == nullptr &&
                        wish.stream.empty() && wish.group.empty();
  if (anywhere) {
    return id ? finish_anywhere(r, *id, settings.remove) : not_found(r, kNotInFlight);
  }
  const Result<void> named = check_names(r, wish, settings);
  if (!named) {
    return fail(r, named.error());
  }
  const FinishOrder order{std::string(wish.stream), std::string(wish.group),
                          std::string(wish.consumer), settings.remove};
  if (settings.ids != nullptr) {
    Result<IdList> list = parse_list(wish.ids);
    return list ? finish_list(r, conf, order, std::move(*list)) : fail(r, list.error());
  }
  const std::string_view missing = settings.consumer == nullptr ? kNotInFlight : kNotPending;
  return id ? finish_one(r, order, *id, missing) : not_found(r, missing);
}

}  // namespace

// ---- notify_finish ------------------------------------------------------------------------------

Result<void> FinishConf::merge(const MergeScope& scope, const FinishConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  return {};
}

Result<void> set_finish(ngx_conf_t* cf, Words words, FinishConf& conf) {
  if (conf.id != nullptr || conf.ids != nullptr) {
    return is_duplicate();
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "delete" && i > 0) {
      conf.remove = true;
      continue;
    }
    std::string_view value = words[i];
    Template** place = i == 0 ? &conf.id : nullptr;
    for (const auto& [name, candidate] :
         {std::pair{"ids", &conf.ids}, std::pair{"stream", &conf.stream},
          std::pair{"group", &conf.group}, std::pair{"consumer", &conf.consumer}}) {
      if (const auto given = parameter(words[i], name)) {
        value = *given;
        place = candidate;
      }
    }
    if (place == nullptr) {
      return bad_parameter(words[i]);
    }
    if (*place != nullptr) {
      return invalid("duplicate parameter \"" + std::string(words[i]) + "\"");
    }
    const Result<Template*> compiled =
        value.empty() ? Result<Template*>(bad_value(words[i])) : compile_template(cf, value);
    if (!compiled) {
      return compiled.error();
    }
    *place = *compiled;
  }
  if ((conf.id == nullptr) == (conf.ids == nullptr)) {
    return invalid("needs an id, or \"ids=\", first");
  }
  if ((conf.stream == nullptr) != (conf.group == nullptr)) {
    return invalid("needs both \"stream=\" and \"group=\", or neither");
  }
  if (conf.stream == nullptr && (conf.ids != nullptr || conf.consumer != nullptr)) {
    return invalid("needs \"stream=\" and \"group=\"");
  }
  return add_operation(cf, {"notify_finish", NGX_HTTP_POST, {&read_input, &serve_finish}});
}

}  // namespace notify
