#include "worker/catalog/api/api.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/catalog/nouns/noun_store.hpp"
#include "worker/catalog/nouns/row_rules.hpp"
#include "worker/catalog/sql/now_text.hpp"

namespace notify::worker {
namespace {

using sql::Session;

constexpr std::uint64_t kMostRows = 1'000;

std::string capital(std::string_view name) {
  std::string out(name);
  out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

Answer not_found(const Noun& noun, std::string_view how) {
  return failure(404, noun.codes.missing, capital(noun.name) + " not found",
                 "There is no " + std::string(noun.name) + " " + std::string(how));
}

Answer not_an_id(std::string_view name, std::string_view part) {
  return validation_failure(
      std::array{path_error(name, "uuid_parsing", "Input should be a valid UUID", part)});
}

Answer of_error(const Error& error, const Noun& noun, int code) {
  switch (error.kind) {
    case ErrorKind::kUnavailable:
      return unavailable(0, "The database does not answer");
    case ErrorKind::kConflict:
      return failure(409, code, capital(noun.name) + " exists already",
                     "Another " + std::string(noun.name) + " has this name");
    default:
      return http_failure(500, "Internal Server Error");
  }
}

Answer done(int status, const Noun& noun, std::string_view what, std::string_view data) {
  return success(status, capital(noun.name) + " " + std::string(what) + " successfully", data);
}

std::string path_name(const Noun& noun) { return std::string(noun.name) + "_id"; }

bool is_mirrored(const Noun& noun) { return noun.table == "clients" || noun.table == "receivers"; }

// A change of what nginx knows counts: the mirror tells old states from new ones by it.
Result<void> note_change(Session& session, const Noun& noun) {
  if (!is_mirrored(noun)) {
    return {};
  }
  auto counted = session.run(
      "UPDATE catalog_state SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = "
      "'clients_revision'");
  return counted ? Result<void>() : Result<void>(counted.error());
}

Result<Answer> in_change(Session& session, const Noun& noun,
                         const std::function<Result<Answer>()>& change) {
  return sql::in_transaction(session, [&]() -> Result<Answer> {
    auto answer = change();
    if (answer && answer->status < 300) {
      if (auto noted = note_change(session, noun); !noted) {
        return noted.error();
      }
    }
    return answer;
  });
}

struct Page {
  PageOf page;
  std::vector<FieldError> errors;
};

Page read_page(std::string_view query) {
  FieldRule limit;
  limit.name = "limit";
  limit.type = FieldType::kInteger;
  limit.in = FieldSource::kQuery;
  limit.required = false;
  limit.default_json = std::to_string(kMostRows);
  limit.min = 1;
  limit.max = kMostRows;
  auto offset = limit;
  offset.name = "offset";
  offset.default_json = "0";
  offset.min = 0;
  offset.max = 1'000'000'000;
  auto checked = validate(std::array{limit, offset}, query, std::nullopt);
  Page out;
  out.errors = std::move(checked.errors);
  if (out.errors.empty()) {
    out.page.limit = parse_u64(checked.values[0].raw).value_or(kMostRows);
    out.page.offset = parse_u64(checked.values[1].raw).value_or(0);
  }
  return out;
}

std::string join_rows(const std::vector<std::string>& rows) {
  std::string out = "[";
  for (const auto& row : rows) {
    out += out.size() == 1 ? "" : ",";
    out += row;
  }
  return out + "]";
}

}  // namespace

Api::Api(redis::Host& host, Log& log, SqlPool& pool, ClientMirror& clients, Sender& sender,
         Acknowledger& acknowledger, const Options& options)
    : host_(host),
      log_(log),
      pool_(pool),
      clients_(clients),
      sender_(sender),
      acknowledger_(acknowledger),
      superuser_(options.admin_name, options.admin_password),
      app_env_(options.app_env),
      most_providers_(options.most_providers),
      targets_(options.targets),
      token_times_(options.token_times) {}

void Api::handle(const ApiRequest& request, Respond respond) {
  const auto match = match_route(request.method, request.path);
  auto answered = [this, began = host_.now_ms(), method = request.method,
                   path = request.path.substr(0, 512), id = request.request_id,
                   user = request.user_id.substr(0, 255),
                   respond = std::move(respond)](Answer answer) {
    const auto took = static_cast<std::int64_t>(host_.now_ms() - began);
    log_.write(answer.status >= 500 ? LogLevel::kError : LogLevel::kInfo, "request",
               {{"request", id},
                {"method", method},
                {"path", path},
                {"status", std::int64_t{answer.status}},
                {"ms", took},
                {"user", user}});
    if (!id.empty()) {
      answer.headers.emplace_back("X-Request-ID", id);
    }
    respond(std::move(answer));
  };
  dispatch(request, match, answered);
}

void Api::dispatch(const ApiRequest& request, const RouteMatch& match, const Respond& respond) {
  if (match.route == nullptr) {
    if (match.allow.empty()) {
      return respond(http_failure(404, "Not Found"));
    }
    auto answer = http_failure(405, "Method Not Allowed");
    answer.headers.emplace_back("Allow", match.allow);
    return respond(std::move(answer));
  }
  if (request.method != "GET" && !says_json(request)) {
    return respond(not_json());
  }
  switch (match.route->access) {
    case Access::kOpen: {
      Answer healthy;
      healthy.body = "\"healthy\"";
      return respond(std::move(healthy));
    }
    case Access::kSuperuser:
      break;
    case Access::kClient:
      return client(request, *match.route, respond);
  }
  const auto outcome = superuser_.check(request.authorization, request.address, host_.now_ms());
  switch (outcome.verdict) {
    case Superuser::Verdict::kMissing:
      return respond(unauthorized("Not authenticated", "Basic realm=\"notiq\""));
    case Superuser::Verdict::kLimited:
      return respond(too_many_failures(outcome.wait_ms));
    case Superuser::Verdict::kWrong:
      log_.write(LogLevel::kWarning, "wrong credentials of the superuser",
                 {{"request", request.request_id}, {"address", request.address}});
      return respond(unauthorized("Invalid admin credentials", "Basic realm=\"notiq\""));
    case Superuser::Verdict::kRight:
      return superuser(request, match, respond);
  }
}

void Api::superuser(const ApiRequest& request, const RouteMatch& match, const Respond& respond) {
  const auto& route = *match.route;
  const bool by_id = route.path.find('*') != route.path.npos && route.operation != Operation::kFind;
  if (by_id && !is_uuid(match.part)) {
    return respond(
        not_an_id(path_name(route.owner != nullptr ? *route.owner : *route.noun), match.part));
  }
  switch (route.operation) {
    case Operation::kCreate:
      return create(*route.noun, request, respond);
    case Operation::kList:
    case Operation::kListOf:
      return list(match, request, respond);
    case Operation::kGet:
    case Operation::kFind:
      return find(match, respond);
    case Operation::kUpdate:
      return update(match, request, respond);
    case Operation::kDeactivate:
      return deactivate(match, respond);
    case Operation::kRegenerateKey:
      return regenerate_key(match, respond);
    case Operation::kStatus:
      return status(match, respond);
    case Operation::kSetStatus:
      return set_status(match, request, respond);
    case Operation::kCreateRequest:
      return create_request(request, respond);
    case Operation::kHealth:
    case Operation::kSend:
    case Operation::kAcknowledge:
    case Operation::kToken:
      return respond(http_failure(404, "Not Found"));
  }
}

// ---- all nouns ----------------------------------------------------------------------------------

void Api::create(const Noun& noun, const ApiRequest& request, const Respond& respond) {
  auto values = read_create(noun, request.body);
  check_values(noun, values, targets_);
  if (!values.ok()) {
    return respond(validation_failure(values.errors));
  }
  std::string key;
  Extra extra;
  if (noun.table == "clients") {
    key = make_api_key(values.of(noun, "client_name").text);
    extra.emplace_back("api_key", hex(sha256(key)));
  }
  pool_.submit<Answer>(
      [&noun, values = std::move(values), key, extra, id = make_uuid(),
       places = most_providers_](Session& session) {
        return in_change(session, noun, [&]() -> Result<Answer> {
          auto refused = check_create(session, noun, id, values, places);
          if (!refused || *refused) {
            return refused ? Result<Answer>(std::move(**refused)) : Result<Answer>(refused.error());
          }
          auto row = create_row(session, noun, id, values, extra);
          if (!row) {
            return row.error();
          }
          return done(201, noun, "created", key.empty() ? *row : json::quoted(key));
        });
      },
      [this, &noun, respond](Result<Answer> answer) {
        after_change(
            noun, answer ? std::move(*answer) : of_error(answer.error(), noun, noun.codes.create),
            respond);
      });
}

void Api::list(const RouteMatch& match, const ApiRequest& request, const Respond& respond) {
  const auto page = read_page(request.query);
  if (!page.errors.empty()) {
    return respond(validation_failure(page.errors));
  }
  const auto& noun = *match.route->noun;
  const auto* owner = match.route->owner;
  std::vector<Filter> filters;
  if (owner != nullptr) {
    filters.push_back({path_name(*owner), to_lower(match.part)});
  }
  // Lists that clients of the original know keep their form, and its 404 where there is nothing.
  const bool known = noun.table == "templates" || (owner != nullptr && noun.table != "requests");
  const bool empty_is_missing = owner != nullptr;
  pool_.submit<Listed>(
      [&noun, filters, page = page.page, form = known ? Form::kShort : Form::kFull](
          Session& session) { return list_rows(session, noun, form, filters, page); },
      [&noun, owner, empty_is_missing, respond](Result<Listed> listed) {
        if (!listed) {
          return respond(of_error(listed.error(), noun, noun.codes.missing));
        }
        if (listed->total == 0 && empty_is_missing) {
          return respond(not_found(noun, "of this " + std::string(owner->name)));
        }
        auto answer =
            success(200, capital(noun.table) + " fetched successfully", join_rows(listed->rows));
        answer.headers.emplace_back("X-Total-Count", std::to_string(listed->total));
        respond(std::move(answer));
      });
}

void Api::find(const RouteMatch& match, const Respond& respond) {
  const auto& noun = *match.route->noun;
  const bool by_name = match.route->operation == Operation::kFind;
  if (by_name && (!is_utf8(match.part) || match.part.find('\0') != std::string::npos)) {
    return respond(not_found(noun, "of this name"));
  }
  std::string column = "id";
  if (by_name) {
    column = noun.key.empty() ? noun.title : noun.key;
  }
  pool_.submit<std::optional<std::string>>(
      [&noun, column, value = to_lower(match.part), by_name](Session& session) {
        return find_row(session, noun, by_name ? Form::kShort : Form::kFull, {{column, value}});
      },
      [&noun, by_name, respond](Result<std::optional<std::string>> row) {
        if (!row) {
          return respond(of_error(row.error(), noun, noun.codes.missing));
        }
        respond(*row ? done(200, noun, "fetched", **row)
                     : not_found(noun, by_name ? "of this name" : "of this id"));
      });
}

void Api::update(const RouteMatch& match, const ApiRequest& request, const Respond& respond) {
  const auto& noun = *match.route->noun;
  auto values = read_update(noun, request.body);
  check_values(noun, values, targets_);
  if (!values.ok()) {
    return respond(validation_failure(values.errors));
  }
  const auto form = noun.table == "templates" ? Form::kShort : Form::kFull;
  pool_.submit<Answer>(
      [&noun, values = std::move(values), id = to_lower(match.part), form,
       places = most_providers_](Session& session) {
        return in_change(session, noun, [&]() -> Result<Answer> {
          auto refused = check_update(session, noun, id, values, places);
          if (!refused || *refused) {
            return refused ? Result<Answer>(std::move(**refused)) : Result<Answer>(refused.error());
          }
          auto changed = update_row(session, noun, id, values);
          if (!changed) {
            return changed.error();
          }
          auto row = find_row(session, noun, form, {{"id", id}});
          if (!row) {
            return row.error();
          }
          return *row ? done(200, noun, "updated", **row) : not_found(noun, "of this id");
        });
      },
      [this, &noun, respond](Result<Answer> answer) {
        after_change(
            noun, answer ? std::move(*answer) : of_error(answer.error(), noun, noun.codes.change),
            respond);
      });
}

void Api::deactivate(const RouteMatch& match, const Respond& respond) {
  const auto& noun = *match.route->noun;
  pool_.submit<Answer>(
      [&noun, id = to_lower(match.part)](Session& session) {
        return in_change(session, noun, [&]() -> Result<Answer> {
          auto title = deactivate_row(session, noun, id);
          if (!title) {
            return title.error();
          }
          return *title ? done(200, noun, "marked inactive", json::quoted(**title))
                        : not_found(noun, "of this id");
        });
      },
      [this, &noun, respond](Result<Answer> answer) {
        after_change(
            noun, answer ? std::move(*answer) : of_error(answer.error(), noun, noun.codes.change),
            respond);
      });
}

void Api::after_change(const Noun& noun, Answer answer, const Respond& respond) {
  const bool changed = answer.status < 300;
  if (changed && noun.table == "providers" && changed_) {
    changed_();
  }
  if (!changed || !is_mirrored(noun)) {
    return respond(std::move(answer));
  }
  clients_.sync([answer = std::move(answer), respond] { respond(answer); });
}

// ---- clients ------------------------------------------------------------------------------------

std::string Api::make_api_key(std::string_view client) const {
  return app_env_ + "-" + std::string(client) + "-" + random_hex(32);
}

void Api::regenerate_key(const RouteMatch& match, const Respond& respond) {
  pool_.submit<Answer>(
      [env = app_env_, id = to_lower(match.part), random = random_hex(32)](Session& session) {
        return in_change(session, kClients, [&]() -> Result<Answer> {
          auto name = find_value(session, "clients", "client_name", id, true);
          if (!name) {
            return name.error();
          }
          if (!*name) {
            return not_found(kClients, "of this id that is active");
          }
          // The same random part however often this runs.
          const auto key = env + "-" + **name + "-" + random;
          auto changed = session.run("UPDATE clients SET api_key = ?, updated_at = ? WHERE id = ?",
                                     {hex(sha256(key)), now_text(), id});
          if (!changed) {
            return changed.error();
          }
          return success(200, "API key regenerated successfully", json::quoted(key));
        });
      },
      [this, respond](Result<Answer> answer) {
        after_change(
            kClients,
            answer ? std::move(*answer) : of_error(answer.error(), kClients, kClientCodes.change),
            respond);
      });
}

// ---- requests -----------------------------------------------------------------------------------

void Api::client(const ApiRequest& request, const Route& route, const Respond& respond) {
  if (request.api_key.empty()) {
    return respond(wrong_key());
  }
  if (route.operation == Operation::kSend) {
    return send(request, respond);
  }
  if (route.operation == Operation::kToken) {
    return token(request, respond);
  }
  acknowledger_.acknowledge(hex(sha256(request.api_key)), read_acknowledgement(request.body),
                            respond);
}

// What is wrong with the body is told to clients only: the key is looked up first.
void Api::send(const ApiRequest& request, const Respond& respond) {
  SendOrder order;
  order.request_id = request.request_id;
  order.key_digest = hex(sha256(request.api_key));
  order.notification = read_notification(request.body);
  sender_.send(
      std::move(order),
      [](const Prepared& prepared, const std::string& message_id, const Respond& answer) {
        answer(success(200, "Notification sent successfully",
                       R"({"user_id":)" + json::quoted(prepared.user_id) + R"(,"message_id":)" +
                           json::quoted(message_id) + "}"));
      },
      respond);
}

// The superuser's way to send: every part of it by its id, and any object as the notification.
void Api::create_request(const ApiRequest& request, const Respond& respond) {
  const auto values = read_create(kRequests, request.body);
  if (!values.ok()) {
    return respond(validation_failure(values.errors));
  }
  const auto text = [&values](std::string_view column) {
    return values.of(kRequests, column).text;
  };
  SendOrder order;
  order.request_id = request.request_id;
  order.client_id = text("client_id");
  order.receiver_id = text("receiver_id");
  order.channel_id = text("channel_id");
  order.provider_id = text("provider_id");
  order.notification.template_id = text("template_id");
  order.notification.payload = text("payload");
  order.source = text("request_source").empty() ? "api" : text("request_source");
  sender_.send(
      std::move(order),
      [this](const Prepared& prepared, const std::string&, const Respond& answer) {
        pool_.submit<std::optional<std::string>>(
            [id = prepared.request_id](Session& session) {
              return find_row(session, kRequests, Form::kFull, {{"id", id}});
            },
            [answer](const Result<std::optional<std::string>>& row) {
              // Sent it is: a database that went away since is no reason to say else.
              answer(
                  done(201, kRequests, "created", row && *row ? std::string_view(**row) : "null"));
            });
      },
      respond);
}

void Api::status(const RouteMatch& match, const Respond& respond) {
  pool_.submit<Answer>(
      [id = to_lower(match.part)](Session& session) -> Result<Answer> {
        auto rows =
            session.query("SELECT status, error_message FROM requests WHERE id = ?", 2, {id});
        if (!rows) {
          return rows.error();
        }
        if (rows->empty()) {
          return not_found(kRequests, "of this id");
        }
        const auto& row = rows->front();
        return done(200, kRequests, "fetched",
                    R"({"id":")" + id + R"(","status":)" + json::quoted(row[0].value_or("")) +
                        R"(,"error_message":)" + (row[1] ? json::quoted(*row[1]) : "null") + "}");
      },
      [respond](Result<Answer> answer) {
        respond(answer ? std::move(*answer)
                       : of_error(answer.error(), kRequests, kRequestCodes.missing));
      });
}

void Api::set_status(const RouteMatch& match, const ApiRequest& request, const Respond& respond) {
  FieldRule state;
  state.name = "status";
  state.type = FieldType::kString;
  state.choices = {"ACCEPTED", "REJECTED"};
  FieldRule why;
  why.name = "error_message";
  why.type = FieldType::kString;
  why.required = false;
  why.nullable = true;
  why.as_text = true;
  why.max = 1024;
  auto checked = validate(std::array{state, why}, {}, request.body);
  if (checked.values[1].text.find('\0') != std::string::npos) {
    checked.errors.push_back({"value_error",
                              {"body", "error_message"},
                              std::nullopt,
                              "Value error, no text holds a NUL",
                              "null",
                              {}});
  }
  if (!checked.ok()) {
    return respond(validation_failure(checked.errors));
  }
  const bool has_why = checked.values[1].present && checked.values[1].raw != "null";
  sql::Text text;
  if (has_why) {
    text = checked.values[1].text;
  }
  pool_.submit<Answer>(
      [id = to_lower(match.part), to = checked.values[0].text, text](Session& session) {
        return sql::in_transaction(session, [&]() -> Result<Answer> {
          auto changed = session.run(
              "UPDATE requests SET status = ?, error_message = ?, updated_at = ? WHERE id = ? AND "
              "status = 'PENDING'",
              {to, text, now_text(), id});
          if (!changed) {
            return changed.error();
          }
          auto row = find_row(session, kRequests, Form::kFull, {{"id", id}});
          auto now = find_value(session, "requests", "status", id, false);
          if (!row || !now) {
            return row ? now.error() : row.error();
          }
          if (!*row) {
            return not_found(kRequests, "of this id");
          }
          if (**now != to) {
            return failure(409, kRequestCodes.change, "The request was not changed",
                           "Its status is final");
          }
          return done(200, kRequests, "updated", **row);
        });
      },
      [respond](Result<Answer> answer) {
        respond(answer ? std::move(*answer)
                       : of_error(answer.error(), kRequests, kRequestCodes.change));
      });
}

}  // namespace notify::worker
