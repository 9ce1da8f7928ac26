#include "worker/catalog/api/superuser.hpp"

#include <algorithm>
#include <optional>

#include "shared/auth/network.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kMostName = 255;  // bytes of an account that count

// What the header says; nullopt: it is none of HTTP Basic.
std::optional<std::string_view> encoded_of(std::string_view header) {
  constexpr std::string_view kScheme = "basic";
  if (header.size() <= kScheme.size() || header[kScheme.size()] != ' ' ||
      !iequals(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  return trim(header.substr(kScheme.size()));
}

}  // namespace

Superuser::Superuser(std::string_view name, std::string_view password)
    : credentials_(sha256(std::string(name) + ":" + std::string(password))) {}

Superuser::Outcome Superuser::check(std::string_view header, std::string_view address,
                                    std::uint64_t now_ms) {
  const auto encoded = encoded_of(header);
  if (!encoded) {
    return {Verdict::kMissing};
  }
  const auto given = base64_decode(*encoded);
  const std::string text = given.value_or(std::string());
  const std::string account = text.substr(0, std::min(text.find(':'), kMostName));
  const std::string network = network_of(address);
  const std::uint64_t wait =
      std::max(by_address_.wait_ms(network, now_ms),
               knows(network, now_ms) ? 0 : by_account_.wait_ms(account, now_ms));
  if (wait > 0) {
    return {Verdict::kLimited, wait};
  }
  const auto digest = sha256(text);
  if (given && equal_constant_time(hex(digest), hex(credentials_))) {
    remember(network, now_ms);
    by_address_.forget(network);
    return {Verdict::kRight};
  }
  by_address_.failed(network, text, now_ms);
  by_account_.failed(account, text, now_ms);
  return {Verdict::kWrong};
}

bool Superuser::knows(const std::string& network, std::uint64_t now_ms) const {
  const auto found = known_.find(network);
  return network.empty() || (found != known_.end() && now_ms < found->second + kKnownMs);
}

// The one that was not seen for longest makes room.
void Superuser::remember(const std::string& network, std::uint64_t now_ms) {
  known_[network] = now_ms;
  if (known_.size() > kMostKnown) {
    known_.erase(std::min_element(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
      return a.second < b.second;
    }));
  }
}

}  // namespace notify::worker
