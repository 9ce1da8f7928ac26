#include "shared/auth/key_store.hpp"

#include <algorithm>
#include <optional>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr std::string_view kUsers = "users";
constexpr std::string_view kKeys = "api_keys";

Error wrong(const std::string& place, std::string_view expected) {
  return invalid(place + " is not " + std::string(expected));
}

// For people: a string's text, of anything else its JSON.
std::string text_of(const json::Value* value) {
  if (value == nullptr) {
    return {};
  }
  return value->is_string() ? json::unquote(*value) : std::string(value->raw);
}

Result<std::string> string_of(const json::Value* value, const std::string& place) {
  if (value == nullptr || !value->is_string()) {
    return wrong(place, "a string");
  }
  return json::unquote_strict(*value).value_or("");
}

Result<KeyStore::Key> read_key(const json::Value& value, const std::string& place) {
  const auto members = json::members(value);
  if (!members) {
    return wrong(place, "an object");
  }
  auto salt = string_of(json::find(*members, "salt"), place + ".salt");
  if (!salt) {
    return salt.error();
  }
  auto hash = string_of(json::find(*members, "hash"), place + ".hash");
  if (!hash) {
    return hash.error();
  }
  KeyStore::Key key;
  key.id = text_of(json::find(*members, "id"));
  key.created_at = text_of(json::find(*members, "created_at"));
  key.hash = {std::move(*salt), std::move(*hash)};
  key.raw = value.raw;
  return key;
}

Result<KeyStore::User> read_user(const json::Member& member) {
  const std::string place = "user " + json::quoted(member.name);
  const auto members = json::members(member.value);
  if (!members) {
    return wrong(place, "an object");
  }
  auto name = string_of(json::find(*members, "username"), place + ": username");
  if (!name) {
    return name.error();
  }
  KeyStore::User user;
  user.number = member.name;
  user.name = std::move(*name);
  for (const json::Member& each : *members) {
    if (each.name != kKeys) {
      user.members.emplace_back(each.name, each.value.raw);
    }
  }
  const json::Value* list = json::find(*members, kKeys);
  if (list == nullptr) {
    return user;
  }
  const auto keys = json::elements(*list);
  if (!keys) {
    return wrong(place + ": api_keys", "an array");
  }
  for (std::size_t i = 0; i < keys->size(); ++i) {
    auto key = read_key((*keys)[i], place + ": api_keys[" + std::to_string(i) + "]");
    if (!key) {
      return key.error();
    }
    user.keys.push_back(std::move(*key));
  }
  return user;
}

void append_member(std::string& out, std::string_view name, std::string_view raw) {
  if (!out.ends_with('{')) {
    out += ", ";
  }
  json::append_quoted(out, name);
  out.append(": ").append(raw);
}

std::string render_user(const KeyStore::User& user) {
  std::string out = "{";
  for (const auto& [name, raw] : user.members) {
    append_member(out, name, raw);
  }
  std::string keys = "[";
  for (const KeyStore::Key& key : user.keys) {
    keys.append(keys.size() > 1 ? ", " : "").append(key.raw);
  }
  append_member(out, kKeys, keys + "]");
  return out + "}";
}

}  // namespace

Result<KeyStore> KeyStore::parse(std::string_view text) {
  const auto value = json::parse_value(text);
  if (!value) {
    return invalid("it is not JSON: " + value.error().message);
  }
  const auto tables = json::members(*value);
  if (!tables) {
    return invalid("it is not a JSON object");
  }
  KeyStore store;
  for (const json::Member& table : *tables) {
    if (table.name != kUsers) {
      store.tables_.emplace_back(table.name, table.value.raw);
    }
  }
  const json::Value* users = json::find(*tables, kUsers);
  if (users == nullptr) {
    return store;
  }
  const auto members = json::members(*users);
  if (!members) {
    return wrong("\"users\"", "an object");
  }
  for (const json::Member& member : *members) {
    auto user = read_user(member);
    if (!user) {
      return user.error();
    }
    store.users_.push_back(std::move(*user));
  }
  return store;
}

std::string KeyStore::render() const {
  std::string users = "{";
  for (const User& user : users_) {
    append_member(users, user.number, render_user(user));
  }
  std::string out = "{";
  append_member(out, kUsers, users + "}");
  for (const auto& [name, raw] : tables_) {
    append_member(out, name, raw);
  }
  return out + "}";
}

std::size_t KeyStore::key_count() const {
  std::size_t count = 0;
  for (const User& user : users_) {
    count += user.keys.size();
  }
  return count;
}

void KeyStore::add(std::string_view user, const ApiKeyHash& hash, const Stamp& key_stamp,
                   const Stamp& user_stamp) {
  auto found = std::find_if(users_.begin(), users_.end(),
                            [&](const User& each) { return each.name == user; });
  if (found == users_.end()) {
    std::uint64_t last = 0;
    for (const User& each : users_) {
      last = std::max(last, parse_u64(each.number).value_or(0));
    }
    User added;
    added.number = std::to_string(last + 1);
    added.name = user;
    added.members = {{"id", json::quoted(user_stamp.id)},
                     {"created_at", json::quoted(user_stamp.created_at)},
                     {"username", json::quoted(user)}};
    users_.push_back(std::move(added));
    found = users_.end() - 1;
  }
  Key key{key_stamp.id, key_stamp.created_at, hash, "{"};
  append_member(key.raw, "id", json::quoted(key.id));
  append_member(key.raw, "created_at", json::quoted(key.created_at));
  append_member(key.raw, "salt", json::quoted(hash.salt));
  append_member(key.raw, "hash", json::quoted(hash.hash));
  key.raw += '}';
  found->keys.push_back(std::move(key));
}

std::size_t KeyStore::revoke_key(std::string_view id) {
  std::size_t gone = 0;
  for (User& user : users_) {
    gone += std::erase_if(user.keys, [&](const Key& key) { return key.id == id; });
  }
  return gone;
}

std::size_t KeyStore::revoke_user(std::string_view user) {
  std::size_t gone = 0;
  for (User& each : users_) {
    if (each.name == user) {
      gone += each.keys.size();
      each.keys.clear();
    }
  }
  return gone;
}

}  // namespace notify
