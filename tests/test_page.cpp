#include "shared/redis/page.hpp"

#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::Parsed;
using notify::test::resp;

namespace {

START_TEST(entries) {
  const Parsed good(resp("( 5-1 ( name value name other ) )"));
  const auto entry = parse_entry(good.reply());
  EXPECT(entry.has_value());
  EXPECT(entry->id == (EntryId{5, 1}));
  EXPECT_EQ(entry->fields.size(), 2U);
  EXPECT_EQ(*entry->find("name"), "value");
  for (const char* row : {"( 5-1 ~ )", "( 5-1 )", "( )", "~", "#1", "x", "( 5-1 ( a ) )",
                          "( 5 ( a b ) )", "( #5 ( a b ) )", "( 5-1 ( a ~ ) )", "( 5-1 ( #1 b ) )",
                          "( 5-1 ( a b ) extra )", "( ( 5-1 ) ( a b ) )"}) {
    const Parsed parsed(resp(row));
    EXPECT_ROW(row, !parse_entry(parsed.reply()));
  }
  EXPECT(!parse_entry(Reply{nullptr}));
}
END_TEST

START_TEST(pages) {
  const Parsed good(resp("( #1 1-1 9-9 #4 #-1 #1 ( 2-0 ( a b ) ) ( 3-0 ( c d ) ) )"));
  const auto page = parse_read(good.reply());
  EXPECT(page.has_value());
  EXPECT(page->exists);
  EXPECT(page->first == (EntryId{1, 1}));
  EXPECT(page->last_generated == (EntryId{9, 9}));
  EXPECT_EQ(page->length, 4U);
  EXPECT_EQ(page->added, -1);
  EXPECT(page->more);
  EXPECT_EQ(page->entries.size(), 2U);
  EXPECT(page->entries[1].id == (EntryId{3, 0}));

  const Parsed none(resp("( #0 0-0 0-0 #0 #0 #0 )"));
  const auto missing = parse_read(none.reply());
  EXPECT(missing && !missing->exists && missing->entries.empty() && !missing->more);

  for (const char* row : {"( )", "~", "#1", "( #1 1-1 9-9 #4 #4 )", "( #1 1 9-9 #4 #4 #0 )",
                          "( #1 1-1 ~ #4 #4 #0 )", "( #1 1-1 9-9 #-4 #4 #0 )",
                          "( #1 1-1 9-9 #4 #4 #0 ( 5-1 ~ ) )", "( #1 1-1 9-9 #4 #4 #0 x )"}) {
    const Parsed parsed(resp(row));
    EXPECT_ROW(row, !parse_read(parsed.reply()));
  }
  EXPECT(!parse_read(Reply{nullptr}));
}
END_TEST

}  // namespace

CHECK_MAIN("page", entries, pages)
