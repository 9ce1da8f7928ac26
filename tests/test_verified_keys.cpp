#include "shared/auth/verified_keys.hpp"

#include <memory>

#include "shared/auth/failed_attempts.hpp"
#include "tests/check_main.hpp"

using namespace notify;

namespace {

Digest digest(std::size_t number) { return sha256(std::to_string(number)); }

START_TEST(remembers) {
  const auto table = std::make_unique<VerifiedKeys>();
  EXPECT(!table->find(digest(1)));
  EXPECT(!table->find(Digest{}));
  table->insert(digest(1), digest(101));
  table->insert(digest(2), digest(102));
  EXPECT(table->find(digest(1)) == digest(101));
  EXPECT(table->find(digest(2)) == digest(102));
  table->insert(digest(1), digest(201));
  EXPECT(table->find(digest(1)) == digest(201));
  EXPECT(!table->find(digest(3)));
}
END_TEST

START_TEST(is_bounded) {
  const auto table = std::make_unique<VerifiedKeys>();
  constexpr std::size_t kMany = 4 * VerifiedKeys::kEntries;
  table->insert(digest(0), digest(0));
  for (std::size_t i = 1; i < kMany; ++i) {
    table->insert(digest(i), digest(i));
    EXPECT_ROW(i, table->find(digest(i)) == digest(i));
    EXPECT_ROW(i, table->find(digest(0)) == digest(0));  // in use: it stays
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    kept += table->find(digest(i)) ? 1 : 0;
  }
  EXPECT(kept <= VerifiedKeys::kEntries);
  EXPECT(kept > VerifiedKeys::kEntries * 9 / 10);
}
END_TEST

START_TEST(knows_records) {
  KeyStore store;
  store.add("a", {"salt", "hash"}, {"k1", "t"}, {"u", "t"});
  store.add("a", {"salt", "hash2"}, {"k2", "t"}, {"u", "t"});
  store.add("b", {"salt", "hash"}, {"k3", "t"}, {"u", "t"});
  const KeyIndex index(store);
  EXPECT_EQ(index.records("a").size(), 2U);
  EXPECT_EQ(index.records("b").size(), 1U);
  EXPECT(index.records("c").empty());
  EXPECT(index.records("").empty());
  EXPECT(index.holds(key_tag("a", {"salt", "hash2"})));
  EXPECT(!index.holds(key_tag("b", {"salt", "hash2"})));
  EXPECT(!index.holds(key_tag("a", {"salth", "ash2"})));
  EXPECT(key_tag("as", {"alt", "hash"}) != key_tag("a", {"salt", "hash"}));
  store.revoke_key("k2");
  EXPECT(!KeyIndex(store).holds(key_tag("a", {"salt", "hash2"})));
  EXPECT(!KeyIndex().holds(Digest{}));
}
END_TEST

// ---- failures -----------------------------------------------------------------------------------

constexpr std::uint64_t kNow = 1'000'000;

START_TEST(counts_failures) {
  const auto table = std::make_unique<FailedAttempts>();
  const std::uint64_t a = FailedAttempts::place("secret", "10.0.0.1");
  const std::uint64_t b = FailedAttempts::place("secret", "10.0.0.2");
  EXPECT(a != b);
  EXPECT(a != FailedAttempts::place("other", "10.0.0.1"));
  EXPECT_EQ(table->wait_ms(a, 3, kNow), 0U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ_ROW(i, table->wait_ms(a, 3, kNow + 10), 0U);
    table->add(a, kNow + static_cast<std::uint64_t>(i));
  }
  EXPECT_EQ(table->wait_ms(a, 3, kNow + 10), FailedAttempts::kWindowMs - 10);
  EXPECT_EQ(table->wait_ms(a, 4, kNow + 10), 0U);
  EXPECT_EQ(table->wait_ms(b, 3, kNow + 10), 0U);
  EXPECT_EQ(table->wait_ms(a, 3, kNow + FailedAttempts::kWindowMs - 1), 1U);
  EXPECT_EQ(table->wait_ms(a, 3, kNow + FailedAttempts::kWindowMs), 0U);
  table->add(a, kNow + FailedAttempts::kWindowMs);
  EXPECT_EQ(table->wait_ms(a, 3, kNow + FailedAttempts::kWindowMs), 0U);
  EXPECT(table->wait_ms(a, 1, kNow + FailedAttempts::kWindowMs) > 0);
}
END_TEST

START_TEST(waits_grow) {
  const auto table = std::make_unique<FailedAttempts>();
  const std::uint64_t a = FailedAttempts::place("secret", "10.0.0.1");
  constexpr std::uint64_t kMinute = FailedAttempts::kWindowMs;
  std::uint64_t now = kNow;
  for (const std::uint64_t minutes : {1, 2, 4, 8, 16, 32, 64, 64}) {
    EXPECT_EQ_ROW(minutes, table->wait_ms(a, 2, now), 0U);
    table->add(a, now, 2);
    table->add(a, now, 2);
    EXPECT_EQ_ROW(minutes, table->wait_ms(a, 2, now), minutes * kMinute);
    now += minutes * kMinute;
  }
  // One that keeps below the limit, or is quiet for as long again, begins anew.
  table->add(a, now, 2);
  now += 64 * kMinute;
  table->add(a, now, 2);
  table->add(a, now, 2);
  EXPECT_EQ(table->wait_ms(a, 2, now), kMinute);
  now += 2 * kMinute;
  table->add(a, now, 2);
  table->add(a, now, 2);
  EXPECT_EQ(table->wait_ms(a, 2, now), kMinute);
}
END_TEST

START_TEST(forgets_those_with_few) {
  const auto table = std::make_unique<FailedAttempts>();
  const std::uint64_t busy = FailedAttempts::place("s", "busy");
  for (int i = 0; i < 10; ++i) {
    table->add(busy, kNow);
  }
  for (std::size_t i = 0; i < 10 * FailedAttempts::kEntries; ++i) {
    table->add(FailedAttempts::place("s", std::to_string(i)), kNow + 1);
  }
  EXPECT(table->wait_ms(busy, 10, kNow + 2) > 0);
}
END_TEST

}  // namespace

CHECK_MAIN("verified_keys", remembers, is_bounded, knows_records, counts_failures, waits_grow,
           forgets_those_with_few)
