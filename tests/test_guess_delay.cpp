#include "shared/auth/guess_delay.hpp"
#include "shared/auth/network.hpp"
#include "shared/auth/weak_password.hpp"
#include "shared/base/encoding.hpp"
#include "tests/check_main.hpp"
#include "worker/catalog/api/superuser.hpp"

using namespace notify;
using worker::Superuser;

namespace {

constexpr std::uint64_t kNow = 1'000'000;

START_TEST(waits_double) {
  GuessDelay delay({3, 1'000, 5'000, 60'000});
  std::uint64_t now = kNow;
  int guess = 0;
  for (const std::uint64_t wait : {0, 0, 0, 1'000, 2'000, 4'000, 5'000, 5'000}) {
    EXPECT_EQ_ROW(guess, delay.wait_ms("a", now), 0U);
    delay.failed("a", std::to_string(guess++), now);
    EXPECT_EQ_ROW(guess, delay.wait_ms("a", now), wait);
    EXPECT_EQ_ROW(guess, delay.wait_ms("b", now), 0U);
    now += wait;
  }
  delay.failed("a", "x", now + 60'000);
  EXPECT_EQ(delay.wait_ms("a", now + 60'000), 0U);  // forgotten
  delay.forget("a");
  EXPECT_EQ(delay.size(), 0U);
}
END_TEST

START_TEST(a_repeat_is_no_new_guess) {
  GuessDelay delay({3, 1'000, 5'000, 60'000});
  int repeats = 0;
  while (delay.wait_ms("a", kNow) == 0 && repeats < 100) {
    delay.failed("a", "the same", kNow);
    ++repeats;
  }
  EXPECT_EQ(repeats, 22);
}
END_TEST

START_TEST(is_bounded) {
  GuessDelay delay({1, 1'000, 5'000, 60'000});
  for (int i = 0; i < 5; ++i) {
    delay.failed("busy", std::to_string(i), kNow);
  }
  for (std::size_t i = 0; i < 2 * GuessDelay::kMost; ++i) {
    delay.failed(std::to_string(i), "x", kNow);
  }
  EXPECT_EQ(delay.size(), GuessDelay::kMost);
  EXPECT(delay.wait_ms("busy", kNow) > 0);
}
END_TEST

START_TEST(knows_networks) {
  struct Row {
    std::string_view address;
    std::string_view network;
  };
  constexpr Row kRows[] = {
      {"10.0.0.1", "10.0.0.1"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"2001:db8:1:2::", "2001:db8:1:2::/64"},
      {"2001:db8:1:3::", "2001:db8:1:3::/64"},
      {"unix:", "unix:"},
      {"", ""},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.address, network_of(row.address), row.network);
  }
}
END_TEST

START_TEST(knows_weak_passwords) {
  for (const std::string_view weak :
       {"admin", "PASSWORD", "changeme", "adminPassword", "chief", "eleven_char", ""}) {
    EXPECT_ROW(weak, !password_weakness("chief", weak).empty());
  }
  for (const std::string_view good : {"twelve_chars", "0123456789abcdef0123456789abcdef"}) {
    EXPECT_EQ_ROW(good, password_weakness("chief", good), "");
  }
}
END_TEST

START_TEST(knows_weak_keys) {
  for (const std::string_view weak : {"dev-secret", "DEV-SECRET", "your-secret-token",
                                      "0123456789ABCDEF", "fifteen_letters", ""}) {
    EXPECT_ROW(weak, !key_weakness(weak).empty());
  }
  for (const std::string_view good : {"sixteen_letters_", "0123456789abcdef0123456789abcdef"}) {
    EXPECT_EQ_ROW(good, key_weakness(good), "");
  }
  EXPECT(is_well_known("Dev-Secret"));
  EXPECT(!is_well_known("dev-secre"));
}
END_TEST

// ---- the superuser ------------------------------------------------------------------------------

std::string basic(std::string_view text) { return "Basic " + base64_encode(text); }

START_TEST(slows_guessers_down) {
  Superuser superuser("chief", "the password");
  using Verdict = Superuser::Verdict;
  std::uint64_t now = kNow;
  const auto ask = [&](std::string_view address, std::string_view text) {
    return superuser.check(basic(text), address, now).verdict;
  };
  EXPECT(superuser.check("", "10.0.0.1", now).verdict == Verdict::kMissing);
  EXPECT(superuser.check("Bearer x", "10.0.0.1", now).verdict == Verdict::kMissing);
  EXPECT(ask("10.0.0.9", "chief:the password") == Verdict::kRight);
  for (unsigned i = 0; i <= Superuser::kAddress.free; ++i) {
    EXPECT_ROW(
        i, ask("2001:db8::" + std::to_string(i), "chief:" + std::to_string(i)) == Verdict::kWrong);
  }
  EXPECT(ask("2001:db8::ffff", "chief:the password") == Verdict::kLimited);
  EXPECT(ask("2001:db8:0:1::1", "chief:the password") == Verdict::kRight);
  now += 1'000;
  EXPECT(ask("2001:db8::ffff", "chief:the password") == Verdict::kRight);
  // Many addresses against one name.
  unsigned guesses = 0;
  while (ask("10.1.0." + std::to_string(guesses), "chief:x" + std::to_string(guesses)) ==
             Verdict::kWrong &&
         guesses < 200) {
    ++guesses;
  }
  EXPECT(guesses < 40);
  EXPECT(ask("10.2.0.1", "chief:the password") == Verdict::kLimited);
  EXPECT(ask("10.0.0.9", "chief:the password") == Verdict::kRight);  // was here
  EXPECT(ask("", "chief:the password") == Verdict::kRight);          // at the machine itself
  EXPECT(ask("10.2.0.2", "other:x") == Verdict::kWrong);
  now += Superuser::kAccount.most_ms;
  EXPECT(ask("10.2.0.1", "chief:the password") == Verdict::kRight);
}
END_TEST

}  // namespace

CHECK_MAIN("guess_delay", waits_double, a_repeat_is_no_new_guess, is_bounded, knows_networks,
           knows_weak_passwords, knows_weak_keys, slows_guessers_down)
