#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "shared/auth/guess_delay.hpp"
#include "shared/base/crypto.hpp"

namespace notify::worker {

// Who may manage the catalogue: one name and one password, by HTTP Basic (RFC 7617). How long a
// comparison takes tells nothing of either.
//
// Guessing costs, by address and by name. While somebody has to wait his password is not looked at,
// so that no answer tells him anything. Strangers at other addresses can make the name wait, but
// only for a moment (`kAccount`), and nobody waits for them at an address from which the superuser
// has come in lately.
class Superuser {
 public:
  static constexpr GuessDelay::Policy kAddress{10, 1'000, 300'000, 3'600'000};
  static constexpr GuessDelay::Policy kAccount{30, 1'000, 30'000, 600'000};
  static constexpr std::size_t kMostKnown = 256;                          // addresses
  static constexpr std::uint64_t kKnownMs = 30ULL * 24 * 60 * 60 * 1000;  // for so long

  enum class Verdict { kMissing, kWrong, kRight, kLimited };
  struct Outcome {
    Verdict verdict;
    std::uint64_t wait_ms = 0;  // of kLimited
  };

  Superuser(std::string_view name, std::string_view password);

  // `header` is the value of Authorization; empty: there is none. `address` is the client's; empty:
  // it came by the socket, without nginx.
  [[nodiscard]] Outcome check(std::string_view header, std::string_view address,
                              std::uint64_t now_ms);

 private:
  [[nodiscard]] bool knows(const std::string& network, std::uint64_t now_ms) const;
  void remember(const std::string& network, std::uint64_t now_ms);

  Digest credentials_;
  GuessDelay by_address_{kAddress};
  GuessDelay by_account_{kAccount};
  std::unordered_map<std::string, std::uint64_t> known_;  // and when it came in last
};

}  // namespace notify::worker
