#pragma once

// A key store as it is asked: what is kept of a user's keys, and whether a record is (still) there.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/auth/key_store.hpp"

namespace notify {

// Names one record of one user by its content. That a key belongs to a record stays true whatever
// becomes of the store; so what was verified once needs only this to be looked up.
using KeyTag = Digest;
KeyTag key_tag(std::string_view user, const ApiKeyHash& record);

class KeyIndex {
 public:
  KeyIndex() = default;
  explicit KeyIndex(const KeyStore& store);

  // Empty for a user who has none.
  [[nodiscard]] std::span<const ApiKeyHash> records(const std::string& user) const;
  [[nodiscard]] bool holds(const KeyTag& tag) const;
  [[nodiscard]] std::size_t key_count() const { return tags_.size(); }
  [[nodiscard]] std::size_t user_count() const { return users_.size(); }

 private:
  std::unordered_map<std::string, std::vector<ApiKeyHash>> users_;
  std::vector<KeyTag> tags_;  // sorted
};

}  // namespace notify
