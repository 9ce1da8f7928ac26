#include "shared/base/clock.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

START_TEST(formats_utc) {
  struct Row {
    std::int64_t micros;
    std::string_view text;  // without the suffix
  };
  constexpr Row kRows[] = {
      {0, "1970-01-01T00:00:00.000000"},
      {1, "1970-01-01T00:00:00.000001"},
      {-1, "1969-12-31T23:59:59.999999"},
      {1795251160123456, "2026-11-21T08:52:40.123456"},
      {1709210096000000, "2024-02-29T12:34:56.000000"},
      {4107542399999999, "2100-02-28T23:59:59.999999"},
      {4107542400000000, "2100-03-01T00:00:00.000000"},
      {253402300799999999, "9999-12-31T23:59:59.999999"},
      {253402300800000000, "9999-12-31T23:59:59.999999"},
      {INT64_MAX, "9999-12-31T23:59:59.999999"},
      {INT64_MIN, "0000-01-01T00:00:00.000000"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, format_iso8601_utc(row.micros), std::string(row.text) + "+00:00");
    EXPECT_EQ_ROW(row.text, format_iso8601_utc(row.micros, UtcSuffix::kZ),
                  std::string(row.text) + "Z");
  }
}
END_TEST

START_TEST(clocks_run) {
  const std::int64_t before = monotonic_ms();
  EXPECT(monotonic_ms() >= before);
  EXPECT(unix_ms() > 1'700'000'000'000);
  EXPECT(unix_us() / 1000 - unix_ms() < 1000);
}
END_TEST

}  // namespace

CHECK_MAIN("clock", formats_utc, clocks_run)
