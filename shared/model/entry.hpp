#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/model/entry_id.hpp"

namespace notify {

// One entry of a stream. Fields keep Redis' order, and may repeat; names and values are any bytes.
struct Entry {
  EntryId id;
  std::vector<std::pair<std::string, std::string>> fields;

  // The first field of that name, or nullptr.
  [[nodiscard]] const std::string* find(std::string_view name) const {
    for (const auto& [field, value] : fields) {
      if (field == name) {
        return &value;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::size_t size_bytes() const {
    std::size_t total = 0;
    for (const auto& [field, value] : fields) {
      total += field.size() + value.size();
    }
    return total;
  }
};

}  // namespace notify
