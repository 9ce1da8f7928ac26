#include "worker/catalog/nouns/noun_store.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/catalog/sql/now_text.hpp"

namespace notify::worker {
namespace {

using sql::Session;
using sql::Text;

bool has_active(const Noun& noun) { return noun.table != "requests"; }

std::string selection(const Noun& noun) {
  std::string out = "CAST(id AS TEXT)";
  for (const auto& column : noun.columns) {
    out += ", ";
    if (column.type == ColumnType::kUuid) {
      out += "CAST(" + std::string(column.name) + " AS TEXT)";
    } else {
      out += column.name;
    }
  }
  if (has_active(noun)) {
    out += ", CASE WHEN is_active THEN '1' ELSE '0' END";
  }
  return out + ", created_at, updated_at";
}

std::size_t selected(const Noun& noun) {
  return noun.columns.size() + 3 + (has_active(noun) ? 1 : 0);
}

void append_member(std::string& out, std::string_view name, const Text& value, bool raw) {
  out += out.size() == 1 ? "\"" : ",\"";
  out += name;
  out += "\":";
  if (!value) {
    out += "null";
  } else if (raw) {
    out += *value;
  } else {
    json::append_quoted(out, *value);
  }
}

std::string row_json(const Noun& noun, Form form, const sql::Row& row) {
  std::string out = "{";
  append_member(out, "id", row[0], false);
  std::size_t at = 1;
  for (const auto& column : noun.columns) {
    append_member(out, column.name, row[at++], column.type == ColumnType::kObject);
  }
  if (has_active(noun)) {
    const auto& active = row[at++];
    if (form == Form::kFull || noun.shows_active) {
      append_member(out, "is_active", active == "1" ? "true" : "false", true);
    }
  }
  if (form == Form::kFull) {
    append_member(out, "created_at", row[at], false);
    append_member(out, "updated_at", row[at + 1], false);
  }
  return out + "}";
}

std::string where(const std::vector<Filter>& filters, sql::Parameters& parameters) {
  std::string out;
  for (const auto& filter : filters) {
    out += out.empty() ? " WHERE " : " AND ";
    out += filter.column;
    if (filter.column == "is_active") {
      out += filter.value == "true" ? " = TRUE" : " = FALSE";
      continue;
    }
    out += " = ?";
    parameters.emplace_back(filter.value);
  }
  return out;
}

// How many rows of the page its bytes allow; without objects all that were asked for.
Result<std::uint64_t> rows_that_fit(Session& session, const Noun& noun, const std::string& from,
                                    const sql::Parameters& parameters, const PageOf& page) {
  std::string sizes;
  for (const auto& column : noun.columns) {
    if (column.type == ColumnType::kObject) {
      sizes += (sizes.empty() ? "" : " + ") + std::string("COALESCE(LENGTH(") +
               std::string(column.name) + "), 0)";
    }
  }
  if (sizes.empty()) {
    return page.limit;
  }
  auto rows = session.query("SELECT CAST(" + sizes + " AS TEXT)" + from, 1, parameters);
  if (!rows) {
    return rows.error();
  }
  std::uint64_t fitting = 0;
  std::uint64_t bytes = 0;
  for (const auto& row : *rows) {
    bytes += parse_u64(row[0].value_or("")).value_or(0);
    if (fitting > 0 && bytes > kMostPageBytes) {
      break;
    }
    ++fitting;
  }
  return fitting;
}

Text text_of(const NounValues::Value& value) { return value.null ? Text() : Text(value.text); }

}  // namespace

Result<std::string> create_row(Session& session, const Noun& noun, const std::string& id,
                               const NounValues& values, const Extra& extra) {
  std::string names = "id";
  std::string marks = "?";
  sql::Parameters parameters{id};
  const auto add = [&](std::string_view name, Text value) {
    names += ", " + std::string(name);
    marks += ", ?";
    parameters.push_back(std::move(value));
  };
  for (std::size_t i = 0; i < noun.columns.size(); ++i) {
    add(noun.columns[i].name, text_of(values.values[i]));
  }
  if (!noun.key.empty()) {
    add(noun.key, to_lower(values.of(noun, noun.title).text));
  }
  for (const auto& [name, value] : extra) {
    add(name, value);
  }
  const auto now = now_text();
  add("created_at", now);
  add("updated_at", now);

  auto inserted = session.run("INSERT INTO " + std::string(noun.table) + " (" + names +
                                  ") VALUES (" + marks + ") ON CONFLICT DO NOTHING",
                              parameters);
  if (!inserted) {
    return inserted.error();
  }
  // After a commit whose outcome was unknown the conflict is with ourselves.
  auto row = find_row(session, noun, Form::kShort, {{"id", id}});
  if (!row) {
    return row.error();
  }
  if (!*row) {
    return Error{ErrorKind::kConflict, "the name is taken"};
  }
  return std::move(**row);
}

Result<std::optional<std::string>> find_row(Session& session, const Noun& noun, Form form,
                                            const std::vector<Filter>& filters) {
  sql::Parameters parameters;
  const auto condition = where(filters, parameters);
  // Where a name is there several times, an active row comes first, then the newest.
  auto rows = session.query(
      "SELECT " + selection(noun) + " FROM " + std::string(noun.table) + condition + " ORDER BY " +
          (has_active(noun) ? "CASE WHEN is_active THEN 0 ELSE 1 END, " : "") +
          "created_at DESC, id LIMIT 1",
      selected(noun), parameters);
  if (!rows) {
    return rows.error();
  }
  return rows->empty() ? std::nullopt : std::optional(row_json(noun, form, rows->front()));
}

Result<Listed> list_rows(Session& session, const Noun& noun, Form form,
                         const std::vector<Filter>& filters, const PageOf& page) {
  sql::Parameters parameters;
  const auto from = " FROM " + std::string(noun.table) + where(filters, parameters);
  Listed out;
  auto counted = session.query("SELECT CAST(COUNT(*) AS TEXT)" + from, 1, parameters);
  if (!counted) {
    return counted.error();
  }
  out.total = parse_u64(counted->front()[0].value_or("0")).value_or(0);
  const auto part = [&](std::uint64_t limit) {
    return from + " ORDER BY created_at, id LIMIT " + std::to_string(limit) + " OFFSET " +
           std::to_string(page.offset);
  };
  const auto fitting = rows_that_fit(session, noun, part(page.limit), parameters, page);
  if (!fitting) {
    return fitting.error();
  }
  auto rows =
      session.query("SELECT " + selection(noun) + part(*fitting), selected(noun), parameters);
  if (!rows) {
    return rows.error();
  }
  for (const auto& row : *rows) {
    out.rows.push_back(row_json(noun, form, row));
  }
  return out;
}

Result<bool> update_row(Session& session, const Noun& noun, const std::string& id,
                        const NounValues& values) {
  std::string changes = "updated_at = ?";
  sql::Parameters parameters{now_text()};
  for (std::size_t i = 0; i < noun.columns.size(); ++i) {
    if (values.values[i].given) {
      changes += ", " + std::string(noun.columns[i].name) + " = ?";
      parameters.push_back(text_of(values.values[i]));
    }
  }
  if (!noun.key.empty() && values.of(noun, noun.title).given) {
    changes += ", " + std::string(noun.key) + " = ?";
    parameters.emplace_back(to_lower(values.of(noun, noun.title).text));
  }
  if (values.active) {
    changes += *values.active ? ", is_active = TRUE" : ", is_active = FALSE";
  }
  parameters.emplace_back(id);
  auto done = session.run("UPDATE " + std::string(noun.table) + " SET " + changes + " WHERE id = ?",
                          parameters);
  return done ? Result<bool>(*done > 0) : Result<bool>(done.error());
}

Result<std::optional<std::string>> deactivate_row(Session& session, const Noun& noun,
                                                  const std::string& id) {
  auto done = session.run(
      "UPDATE " + std::string(noun.table) + " SET is_active = FALSE, updated_at = ? WHERE id = ?",
      {now_text(), id});
  if (!done) {
    return done.error();
  }
  return find_value(session, noun.table, noun.title, id, false);
}

Result<std::optional<std::string>> find_value(Session& session, std::string_view table,
                                              std::string_view column, const std::string& id,
                                              bool active_only) {
  auto rows =
      session.query("SELECT CAST(" + std::string(column) + " AS TEXT) FROM " + std::string(table) +
                        " WHERE id = ?" + (active_only ? " AND is_active = TRUE" : ""),
                    1, {id});
  if (!rows) {
    return rows.error();
  }
  return rows->empty() ? std::nullopt : rows->front()[0];
}

}  // namespace notify::worker
