#include "ctl/dead_letter.hpp"

#include "shared/model/request_id.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::ctl;

namespace {

Entry dead_entry() {
  return {{1700000000999, 0},
          {{"notify-id", "1700000000000-1"},
           {"notify-group", "test_stream_group"},
           {"notify-reason", "HTTP 400: invalid_payload"},
           {"notify-attempts", "3"},
           {"notify-at", "1700000000123"},
           {"message", "Hello"},
           {"notify-id", "the publisher's own"}}};
}

START_TEST(tells_own_fields_from_the_original_ones) {
  const DeadLetter letter = parse_dead_letter(dead_entry());
  EXPECT(letter.id == (EntryId{1700000000999, 0}));
  EXPECT(letter.original.id == (EntryId{1700000000000, 1}));
  EXPECT_EQ(letter.group, "test_stream_group");
  EXPECT_EQ(letter.reason, "HTTP 400: invalid_payload");
  EXPECT_EQ(letter.attempts, "3");
  EXPECT_EQ(letter.at, "1700000000123");
  EXPECT_EQ(letter.original.fields.size(), 2U);
  EXPECT_EQ(letter.original.fields[1].second, "the publisher's own");
  EXPECT_EQ(letter.request, "");
  for (const char* request : {"r-1", "no id"}) {
    auto told = dead_entry();
    told.fields.emplace_back("request", request);
    EXPECT_EQ(parse_dead_letter(told).request, is_request_id(request) ? request : "");
  }
}
END_TEST

START_TEST(takes_a_foreign_entry_as_it_is) {
  auto swapped = dead_entry();
  std::swap(swapped.fields[0], swapped.fields[1]);
  auto no_id = dead_entry();
  no_id.fields[0].second = "x";
  auto few = dead_entry();
  few.fields.resize(4);
  for (const Entry& entry : {swapped, no_id, few, Entry{{5, 0}, {}}}) {
    const DeadLetter letter = parse_dead_letter(entry);
    EXPECT(letter.original.fields == entry.fields);
    EXPECT(letter.original.id.is_zero());
    EXPECT(letter.group.empty());
  }
  EXPECT_EQ(dead_line(parse_dead_letter({{5, 0}, {}})),
            "5-0  -  -  attempts=- group=- request=- reason=-");
}
END_TEST

START_TEST(never_moves_the_cursor) {
  auto entry = dead_entry();
  entry.fields[4].second = "\x1b]0;soon";
  EXPECT(dead_line(parse_dead_letter(entry)).find('\x1b') == std::string::npos);
  EXPECT(dead_page(parse_dead_letter(entry)).find('\x1b') == std::string::npos);
}
END_TEST

START_TEST(shows_it) {
  const DeadLetter letter = parse_dead_letter(dead_entry());
  EXPECT_EQ(dead_line(letter),
            "1700000000999-0  1700000000000-1  2023-11-14 22:13:20.123 UTC  attempts=3 "
            "group=test_stream_group request=- reason='HTTP 400: invalid_payload'");
  EXPECT_EQ(dead_page(letter),
            "dead id   1700000000999-0\n"
            "id        1700000000000-1\n"
            "group     test_stream_group\n"
            "reason    'HTTP 400: invalid_payload'\n"
            "attempts  3\n"
            "at        2023-11-14 22:13:20.123 UTC\n"
            "request   -\n"
            "fields\n"
            "  message=Hello\n"
            "  notify-id='the publisher'\\''s own'\n");
  EXPECT_EQ(dead_json(letter),
            "{\"dead_id\":\"1700000000999-0\",\"group\":\"test_stream_group\","
            "\"reason\":\"HTTP 400: invalid_payload\",\"attempts\":\"3\","
            "\"at\":\"2023-11-14 22:13:20.123 "
            "UTC\",\"request\":\"\",\"entry\":{\"id\":\"1700000000000-1\","
            "\"fields\":{\"message\":\"Hello\",\"notify-id\":\"the publisher's own\"}}}");
}
END_TEST

}  // namespace

CHECK_MAIN("ctl dead letter", tells_own_fields_from_the_original_ones,
           takes_a_foreign_entry_as_it_is, never_moves_the_cursor, shows_it)
