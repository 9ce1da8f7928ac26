#include "shared/auth/key_index.hpp"

#include <algorithm>

namespace notify {

KeyTag key_tag(std::string_view user, const ApiKeyHash& record) {
  std::string text = std::to_string(user.size()) + ":" + std::to_string(record.salt.size()) + ":";
  text.append(user).append(record.salt).append(record.hash);
  return sha256(text);
}

KeyIndex::KeyIndex(const KeyStore& store) {
  for (const KeyStore::User& user : store.users()) {
    if (user.name.empty() || user.keys.empty()) {
      continue;
    }
    std::vector<ApiKeyHash>& records = users_[user.name];
    for (const KeyStore::Key& key : user.keys) {
      records.push_back(key.hash);
      tags_.push_back(key_tag(user.name, key.hash));
    }
  }
  std::sort(tags_.begin(), tags_.end());
}

std::span<const ApiKeyHash> KeyIndex::records(const std::string& user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? std::span<const ApiKeyHash>() : found->second;
}

bool KeyIndex::holds(const KeyTag& tag) const {
  return std::binary_search(tags_.begin(), tags_.end(), tag);
}

}  // namespace notify
