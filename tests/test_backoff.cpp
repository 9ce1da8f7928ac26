#include "shared/base/backoff.hpp"

#include <climits>

#include "tests/check_main.hpp"

using namespace notify;
using std::chrono::milliseconds;

namespace {

START_TEST(doubles_up_to_the_bound) {
  constexpr Backoff kPlain(milliseconds{1000}, milliseconds{300'000}, 0.0);
  constexpr long kExpected[] = {1000,  2000,   4000,   8000,   16000, 32000,
                                64000, 128000, 256000, 300000, 300000};
  for (unsigned i = 0; i < std::size(kExpected); ++i) {
    EXPECT_EQ_ROW(i, kPlain.next(i, 0.0).count(), kExpected[i]);
    EXPECT_EQ_ROW(i, kPlain.next(i, 0.999).count(), kExpected[i]);
  }
  EXPECT_EQ(kPlain.next(UINT_MAX, 0.5).count(), 300'000);
}
END_TEST

START_TEST(jitter_stays_within_its_share) {
  constexpr Backoff kSpread(milliseconds{1000}, milliseconds{300'000}, 0.25);
  EXPECT_EQ(kSpread.next(0, 0.0).count(), 750);
  EXPECT_EQ(kSpread.next(0, 0.5).count(), 1000);
  EXPECT_EQ(kSpread.next(0, 1.0).count(), 1250);
  EXPECT_EQ(kSpread.next(3, 0.0).count(), 6000);
  EXPECT_EQ(kSpread.next(20, 0.0).count(), 225'000);
  EXPECT_EQ(kSpread.next(20, 1.0).count(), 300'000);
  for (unsigned attempt = 0; attempt < 20; ++attempt) {
    for (int i = 0; i < 100; ++i) {
      const auto wait = kSpread.next(attempt, i / 100.0);
      EXPECT(wait >= milliseconds{750} && wait <= milliseconds{300'000});
      EXPECT(wait <= kSpread.next(attempt, (i + 1) / 100.0));
    }
  }
}
END_TEST

START_TEST(mends_what_makes_no_sense) {
  EXPECT_EQ(Backoff(milliseconds{0}, milliseconds{0}, 0).next(0, 0).count(), 1);
  EXPECT_EQ(Backoff(milliseconds{-5}, milliseconds{-9}, -1).next(9, 2).count(), 1);
  EXPECT_EQ(Backoff(milliseconds{100}, milliseconds{10}, 0).next(5, 0).count(), 100);
  EXPECT_EQ(Backoff(milliseconds{100}, milliseconds{1000}, 7).next(0, 0).count(), 0);
  EXPECT_EQ(Backoff(milliseconds{100}, milliseconds{1000}, 0.5).next(0, -3).count(), 50);
  const Backoff huge(milliseconds::max(), milliseconds::max(), 0);
  EXPECT(huge.next(5, 0) == Backoff::kLongest);
}
END_TEST

}  // namespace

CHECK_MAIN("backoff", doubles_up_to_the_bound, jitter_stays_within_its_share,
           mends_what_makes_no_sense)
