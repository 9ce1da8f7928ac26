#include "worker/catalog/superuser.hpp"

#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {

Superuser::Verdict Superuser::check(std::string_view header) const {
  constexpr std::string_view kScheme = "basic";
  if (header.size() <= kScheme.size() || header[kScheme.size()] != ' ' ||
      !iequals(header.substr(0, kScheme.size()), kScheme)) {
    return Verdict::kMissing;
  }
  const auto given = base64_decode(trim(header.substr(kScheme.size())));
  const auto digest = sha256(given.value_or(std::string()));
  return given && equal_constant_time(hex(digest), hex(credentials_)) ? Verdict::kRight
                                                                      : Verdict::kWrong;
}

}  // namespace notify::worker
