#pragma once

#include <string>
#include <string_view>

#include "shared/base/crypto.hpp"

namespace notify::worker {

// Who may manage the catalogue: one name and one password, by HTTP Basic (RFC 7617). How long a
// comparison takes tells nothing of either.
class Superuser {
 public:
  enum class Verdict { kMissing, kWrong, kRight };

  Superuser(std::string_view name, std::string_view password)
      : credentials_(sha256(std::string(name) + ":" + std::string(password))) {}

  // `header` is the value of Authorization; empty: there is none.
  [[nodiscard]] Verdict check(std::string_view header) const;

 private:
  Digest credentials_;
};

}  // namespace notify::worker
