#pragma once

// All keys of the database that match, page by page. Redis looks at some hundred keys for a page,
// so no page takes long; a page may be empty, and a key may come in several of them.

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "shared/redis/client.hpp"

namespace notify {

class KeyScan {
 public:
  // Either may be empty: every name, every type.
  KeyScan(std::string match, std::string type);

  [[nodiscard]] redis::Command next() const;
  Result<std::vector<std::string>> take(const redis::Reply& reply);
  [[nodiscard]] bool done() const { return begun_ && cursor_ == "0"; }

 private:
  std::string match_;
  std::string type_;
  std::string cursor_ = "0";
  bool begun_ = false;
};

// Names that were met: 8 bytes of a digest of each, some 40 bytes of memory.
class NameSet {
 public:
  bool add(std::string_view name);  // false if it was there
  [[nodiscard]] bool contains(std::string_view name) const;

 private:
  std::unordered_set<std::uint64_t> digests_;
};

}  // namespace notify
