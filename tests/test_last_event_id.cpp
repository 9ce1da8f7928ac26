#include "ngx_notify_module/wire/last_event_id.hpp"

#include <random>
#include <string>

#include "tests/check_main.hpp"

namespace notify::test {
namespace {

using Kind = LastEventId::Kind;

LastEventId parse(const std::vector<std::string>& headers, std::string_view query = "") {
  const std::vector<std::string_view> views(headers.begin(), headers.end());
  return parse_last_event_id(views, query);
}

START_TEST(the_earliest_place_counts) {
  const std::string first = "1-00000005";
  const std::string second = "2-00000000";
  for (const auto& headers : {std::vector{first, second}, {second, first}, {second, "", first}}) {
    const LastEventId got = parse(headers);
    EXPECT(got.kind == Kind::kKnown && got.id == (EntryId{1, 5}));
  }
  EXPECT(parse({first, "junk"}).kind == Kind::kUnknown);
  const auto several = [](EntryId a, EntryId b) {
    return format_composite_id({{stream_tag("a"), a}, {stream_tag("b"), b}});
  };
  const LastEventId both = parse({several({1, 0}, {9, 0}), several({7, 0}, {2, 0})});
  EXPECT(both.kind == Kind::kSeveral && both.places.size() == 2);
  EXPECT(both.places[0].position == (EntryId{1, 0}) && both.places[1].position == (EntryId{2, 0}));
  EXPECT(parse({several({1, 0}, {9, 0}), first}).kind == Kind::kUnknown);
  const std::string other = format_composite_id({{stream_tag("a"), EntryId{1, 0}}});
  EXPECT(parse({several({1, 0}, {9, 0}), other}).kind == Kind::kUnknown);
}
END_TEST

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
      {"any case", std::nullopt, "Last_Event_Id=2-00000002", Kind::kKnown, {2, 2}},
      {"a polyfill's", std::nullopt, "a=b&lastEventId=2-00000002", Kind::kKnown, {2, 2}},
      {"Mercure's", std::nullopt, "lastEventID=2-00000002", Kind::kKnown, {2, 2}},
      {"as the header", std::nullopt, "Last-Event-ID=2-00000002", Kind::kKnown, {2, 2}},
      {"lower case", std::nullopt, "last-event-id=2-00000002&z", Kind::kKnown, {2, 2}},
      {"a name that is encoded", std::nullopt, "last%2DeventId=2-00000002", Kind::kKnown, {2, 2}},
      {"two names",
       std::nullopt,
       "last_event_id=9-00000000&lastEventId=2-00000002",
       Kind::kKnown,
       {2, 2}},
      {"the same twice",
       std::nullopt,
       "lastEventId=2-00000002&lastEventId=2-00000002",
       Kind::kKnown,
       {2, 2}},
      {"one that is empty",
       std::nullopt,
       "lastEventId=&last_event_id=2-00000002",
       Kind::kKnown,
       {2, 2}},
      {"one that is nonsense",
       std::nullopt,
       "lastEventId=x&last_event_id=2-00000002",
       Kind::kUnknown,
       {}},
      {"another argument", std::nullopt, "last_event=2-00000002", Kind::kAbsent, {}},
      {"a longer name", std::nullopt, "my_last_event_id=2-00000002", Kind::kAbsent, {}},
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
    const std::string text = row.header.value_or("");
    const std::string_view header = text;
    const LastEventId got = parse_last_event_id({&header, row.header ? 1U : 0U}, row.query);
    EXPECT_ROW(row.name, got.kind == row.kind);
    EXPECT_ROW(row.name, got.id == row.id);
  }
}
END_TEST

START_TEST(what_we_print_comes_back) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const EntryId id{random() >> (random() % 64), random() >> (random() % 64)};
    const LastEventId got = parse({format_event_id(id)});
    EXPECT(got.kind == Kind::kKnown && got.id == id);
    std::string junk;
    for (std::size_t n = random() % 40; n > 0; --n) {
      junk += static_cast<char>("0123456789abcdef-- \0\xff%"[random() % 23]);
    }
    const LastEventId other = parse({junk}, junk);
    EXPECT(other.kind != Kind::kKnown || format_event_id(other.id).size() <= junk.size());
  }
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("last event id", the_earliest_place_counts, any_bytes_have_an_answer,
           what_we_print_comes_back)
