#pragma once

// The file that API keys are kept in, as the replaced alerts service writes it (TinyDB's layout):
//
//   {"users":{"1":{"id":…,"created_at":…,"username":…,
//                  "api_keys":[{"id":…,"created_at":…,"salt":…,"hash":…}]}}}
//
// What else stands in it is nobody's business here, and is written back as it came.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/auth/api_key.hpp"
#include "shared/base/result.hpp"

namespace notify {

class KeyStore {
 public:
  struct Key {
    std::string id;  // its text, if it is a string; else its JSON
    std::string created_at;
    ApiKeyHash hash;
    std::string raw;  // all of it, as JSON
  };
  struct User {
    std::string number;  // TinyDB's own of the document
    std::string name;    // empty: it cannot be a user's name (a lone surrogate)
    std::vector<Key> keys;
    std::vector<std::pair<std::string, std::string>> members;  // names and JSON, in order
  };
  // What a new user or key is to be called; the clock and the random numbers are the caller's.
  struct Stamp {
    std::string id;
    std::string created_at;
  };

  KeyStore() = default;  // without users

  // kInvalid, which names the place and quotes nothing: not JSON, or a part of the layout is of
  // another type. What the layout lets be absent counts as empty.
  static Result<KeyStore> parse(std::string_view text);
  [[nodiscard]] std::string render() const;

  [[nodiscard]] std::span<const User> users() const { return users_; }
  [[nodiscard]] std::size_t key_count() const;

  // One more key; a user who is not there yet is added as `user_stamp` says.
  void add(std::string_view user, const ApiKeyHash& hash, const Stamp& key_stamp,
           const Stamp& user_stamp);
  // How many keys had that id, and are gone; or that user's, all of them.
  std::size_t revoke_key(std::string_view id);
  std::size_t revoke_user(std::string_view user);

 private:
  std::vector<std::pair<std::string, std::string>> tables_;  // other than "users"
  std::vector<User> users_;
};

}  // namespace notify
