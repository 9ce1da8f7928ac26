#include "shared/model/entry_id.hpp"

#include "shared/model/entry.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(two_spellings_of_one_id) {
  struct Row {
    EntryId id;
    std::string_view redis;
    std::string_view event;
  };
  constexpr Row kRows[] = {
      {{0, 0}, "0-0", "0-00000000"},
      {{1700000000123, 0}, "1700000000123-0", "1700000000123-00000000"},
      {{1, 255}, "1-255", "1-000000ff"},
      {{1, 4294967295U}, "1-4294967295", "1-ffffffff"},
      {{1, 4294967296U}, "1-4294967296", "1-100000000"},
      {{UINT64_MAX, UINT64_MAX},
       "18446744073709551615-18446744073709551615",
       "18446744073709551615-ffffffffffffffff"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.redis, format_entry_id(row.id), row.redis);
    EXPECT_EQ_ROW(row.redis, format_event_id(row.id), row.event);
    EXPECT_ROW(row.redis, parse_entry_id(row.redis) == row.id);
    EXPECT_ROW(row.event, parse_event_id(row.event) == row.id);
  }
}
END_TEST

START_TEST(refuses_other_texts) {
  for (const std::string_view bad : {""sv,
                                     "-"sv,
                                     "1"sv,
                                     "1-"sv,
                                     "-1"sv,
                                     "1-1-1"sv,
                                     "+1-1"sv,
                                     "1-+1"sv,
                                     "1--1"sv,
                                     "-1-1"sv,
                                     " 1-1"sv,
                                     "1-1 "sv,
                                     "1 -1"sv,
                                     "1-a"sv,
                                     "a-1"sv,
                                     "1-*"sv,
                                     "$"sv,
                                     "*"sv,
                                     ">"sv,
                                     "1-1\0"sv,
                                     "1.0-1"sv,
                                     "18446744073709551616-0"sv,
                                     "0-18446744073709551616"sv}) {
    EXPECT_ROW(bad, !parse_entry_id(bad));
  }
  for (const std::string_view bad : {""sv,
                                     "-"sv,
                                     "1-0"sv,
                                     "1"sv,
                                     "1-"sv,
                                     "-00000000"sv,
                                     "1-0000000"sv,
                                     "1-000000000"sv,
                                     "1-0000000A"sv,
                                     "1-0000000g"sv,
                                     "01-00000000"sv,
                                     "1-0x000000"sv,
                                     "1-+0000000"sv,
                                     "1--0000000"sv,
                                     " 1-00000000"sv,
                                     "1-00000000 "sv,
                                     "1-00000000-0"sv,
                                     "1-10000000000000000"sv,
                                     "18446744073709551616-00000000"sv,
                                     "1-0000000\0"sv}) {
    EXPECT_ROW(bad, !parse_event_id(bad));
  }
}
END_TEST

START_TEST(order_and_zero) {
  EXPECT((EntryId{1, 2} < EntryId{1, 3}));
  EXPECT((EntryId{1, UINT64_MAX} < EntryId{2, 0}));
  EXPECT(EntryId{}.is_zero());
  EXPECT(!(EntryId{0, 1}.is_zero()));
}
END_TEST

START_TEST(entry_finds_the_first_field) {
  const Entry entry{{1, 0}, {{"a", "1"}, {"b", "22"}, {"a", "3"}}};
  EXPECT_EQ(*entry.find("a"), "1");
  EXPECT(entry.find("c") == nullptr);
  EXPECT_EQ(entry.size_bytes(), std::size_t{7});
}
END_TEST

}  // namespace

CHECK_MAIN("entry_id", two_spellings_of_one_id, refuses_other_texts, order_and_zero,
           entry_finds_the_first_field)
