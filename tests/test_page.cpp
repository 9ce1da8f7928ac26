#include "shared/redis/page.hpp"

#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::Parsed;

namespace {

// "(" and ")" for arrays, "~" for nil, "#n" for an integer, anything else for a bulk string.
std::string resp(std::string_view text) {
  std::vector<std::string> levels(1);
  std::vector<std::size_t> counts(1, 0);
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string word(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word == "(") {
      levels.emplace_back();
      counts.push_back(0);
      continue;
    }
    if (word == ")") {
      const std::string inner = "*" + std::to_string(counts.back()) + "\r\n" + levels.back();
      levels.pop_back();
      counts.pop_back();
      levels.back() += inner;
    } else if (word == "~") {
      levels.back() += "$-1\r\n";
    } else if (word[0] == '#') {
      levels.back() += ":" + word.substr(1) + "\r\n";
    } else {
      levels.back() += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    ++counts.back();
  }
  return levels.back();
}

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
