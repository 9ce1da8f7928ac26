#include "ngx_notify_module/wire/last_event_id.hpp"

#include <random>
#include <string>

#include "tests/check_main.hpp"

namespace notify::test {
namespace {

using Kind = LastEventId::Kind;

START_TEST(any_bytes_have_an_answer) {
  struct Row {
    const char* name;
    std::optional<std::string> header;
    std::string query;
    Kind kind;
    EntryId id;
  };
  const Row rows[] = {
      {"nothing", std::nullopt, "", Kind::kAbsent, {}},
      {"header", "12-0000000a", "", Kind::kKnown, {12, 10}},
      {"blanks around it", " 12-0000000a\t", "", Kind::kKnown, {12, 10}},
      {"from the beginning", "0-00000000", "", Kind::kKnown, {0, 0}},
      {"a long sequence", "1-1ffffffff", "", Kind::kKnown, {1, 0x1ffffffffULL}},
      {"argument", std::nullopt, "token=x&last_event_id=12-0000000a", Kind::kKnown, {12, 10}},
      {"argument, encoded", std::nullopt, "last_event_id=12%2d0000000a", Kind::kKnown, {12, 10}},
      {"the header wins", "1-00000001", "last_event_id=2-00000002", Kind::kKnown, {1, 1}},
      {"a bad header wins, too", "x", "last_event_id=2-00000002", Kind::kUnknown, {}},
      {"an empty header does not", "", "last_event_id=2-00000002", Kind::kKnown, {2, 2}},
      {"both empty", "", "last_event_id=", Kind::kAbsent, {}},
      {"no value", std::nullopt, "last_event_id", Kind::kAbsent, {}},
      {"another argument", std::nullopt, "Last_Event_Id=2-00000002", Kind::kAbsent, {}},
      {"Redis' spelling", "12-10", "", Kind::kUnknown, {}},
      {"upper case", "12-0000000A", "", Kind::kUnknown, {}},
      {"negative", "-5", "", Kind::kUnknown, {}},
      {"negative, whole", "-12-00000000", "", Kind::kUnknown, {}},
      {"two characters", "ab", "", Kind::kUnknown, {}},
      {"a minus", "-", "", Kind::kUnknown, {}},
      {"too large", "18446744073709551616-00000000", "", Kind::kUnknown, {}},
      {"binary", std::string("\x01\xff\x00\xfe", 4), "", Kind::kUnknown, {}},
      {"NUL behind it", std::string("12-0000000a\0", 12), "", Kind::kUnknown, {}},
      {"10 kB", std::string(10'240, '7'), "", Kind::kUnknown, {}},
      {"10 kB of minus", std::string(10'240, '-'), "", Kind::kUnknown, {}},
      {"binary argument", std::nullopt, "last_event_id=%00%ff", Kind::kUnknown, {}},
      {"stray percent", std::nullopt, "last_event_id=%", Kind::kUnknown, {}},
  };
  for (const Row& row : rows) {
    const LastEventId got = parse_last_event_id(row.header, row.query);
    EXPECT_ROW(row.name, got.kind == row.kind);
    EXPECT_ROW(row.name, got.id == row.id);
  }
}
END_TEST

START_TEST(what_we_print_comes_back) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const EntryId id{random() >> (random() % 64), random() >> (random() % 64)};
    const LastEventId got = parse_last_event_id(format_event_id(id), "");
    EXPECT(got.kind == Kind::kKnown && got.id == id);
    std::string junk;
    for (std::size_t n = random() % 40; n > 0; --n) {
      junk += static_cast<char>("0123456789abcdef-- \0\xff%"[random() % 23]);
    }
    const LastEventId other = parse_last_event_id(junk, junk);
    EXPECT(other.kind != Kind::kKnown || format_event_id(other.id).size() <= junk.size());
  }
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("last event id", any_bytes_have_an_answer, what_we_print_comes_back)
