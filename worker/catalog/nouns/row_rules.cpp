#include "worker/catalog/nouns/row_rules.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/catalog/nouns/noun_store.hpp"
#include "worker/catalog/providers/provider_config.hpp"
#include "worker/catalog/providers/provider_places.hpp"
#include "worker/catalog/templates/template_schema.hpp"
#include "worker/catalog/templates/template_text.hpp"

namespace notify::worker {

namespace {

FieldError column_error(std::string_view column, std::string_view member, std::string message) {
  std::vector<std::string> loc{"body", std::string(column)};
  if (!member.empty()) {
    loc.emplace_back(member);
  }
  return {"value_error", std::move(loc),
          std::nullopt,  "Value error, " + std::move(message),
          "null",        {}};
}

// `text` of a template's meta_data is what is rendered.
std::optional<std::string> check_text(std::string_view meta_data) {
  const auto parsed = json::parse_value(meta_data);
  const auto members =
      parsed ? json::members(*parsed) : Result<std::vector<json::Member>>(parsed.error());
  const auto* text = members ? json::find(*members, "text") : nullptr;
  if (text == nullptr || text->is_null()) {
    return std::nullopt;
  }
  return text->is_string() ? check_template(json::unquote(*text))
                           : std::optional<std::string>("it has to be a text");
}

Result<std::optional<Answer>> check_references(sql::Session& session, const Noun& noun,
                                               const NounValues& values) {
  std::string channel;
  for (std::size_t i = 0; i < noun.columns.size(); ++i) {
    const auto& column = noun.columns[i];
    if (column.type != ColumnType::kUuid || values.values[i].null) {
      continue;
    }
    const auto& id = values.values[i].text;
    const auto name = column.name.substr(0, column.name.size() - 3);  // without `_id`
    const bool provider = name == "provider";
    auto found =
        find_value(session, std::string(name) + "s", provider ? "channel_id" : "id", id, true);
    if (!found) {
      return found.error();
    }
    if (!*found || (provider && **found != channel)) {
      return std::optional(
          failure(404, noun.codes.create, "The " + std::string(noun.name) + " was not made",
                  "There is no active " + std::string(name) + " of this " +
                      std::string(column.name) + (provider ? " in this channel" : "")));
    }
    if (name == "channel") {
      channel = **found;
    }
  }
  return std::optional<Answer>();
}

}  // namespace

void check_values(const Noun& noun, NounValues& values, const TargetRule& targets) {
  auto& errors = values.errors;
  if (noun.table == "providers" && !values.of(noun, "config").null) {
    auto config = read_provider_config(values.of(noun, "config").text);
    if (config.kind != ProviderConfig::Kind::kNone && parse_target_url(config.url)) {
      if (auto problem = targets.check_url(config.url)) {
        errors.push_back(column_error("config", "url", *problem));
      }
    }
    std::move(config.errors.begin(), config.errors.end(), std::back_inserter(errors));
  }
  if (noun.table != "templates") {
    return;
  }
  if (const auto& schema = values.of(noun, "schema"); !schema.null) {
    if (auto problem = check_schema(schema.text)) {
      errors.push_back(column_error("schema", "", *problem));
    }
  }
  if (const auto& meta_data = values.of(noun, "meta_data"); !meta_data.null) {
    if (auto problem = check_text(meta_data.text)) {
      errors.push_back(column_error("meta_data", "text", *problem));
    }
  }
}

Result<std::optional<Answer>> check_create(sql::Session& session, const Noun& noun,
                                           const std::string& id, const NounValues& values,
                                           std::size_t places) {
  auto refused = check_references(session, noun, values);
  return !refused || *refused || noun.table != "providers"
             ? refused
             : check_place(session, id, places, noun.codes.create);
}

// A client's name is part of its users' streams: it stays once there are any.
Result<std::optional<Answer>> check_update(sql::Session& session, const Noun& noun,
                                           const std::string& id, const NounValues& values,
                                           std::size_t places) {
  if (noun.table == "providers" && values.active == true) {
    return check_place(session, id, places, noun.codes.change);
  }
  if (noun.table != "clients" || !values.of(noun, "client_name").given) {
    return std::optional<Answer>();
  }
  auto rows = session.query(
      "SELECT name_key FROM clients WHERE id = ? AND name_key <> ? AND EXISTS (SELECT 1 FROM "
      "receivers WHERE client_id = clients.id)",
      1, {id, to_lower(values.of(noun, "client_name").text)});
  if (!rows) {
    return rows.error();
  }
  if (rows->empty()) {
    return std::optional<Answer>();
  }
  return std::optional(failure(409, noun.codes.change, "The client was not changed",
                               "A client that has receivers keeps its name"));
}

}  // namespace notify::worker
