#include "shared/model/request_id.hpp"

#include <set>

#include "shared/base/uuid.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(takes_what_needs_no_quotes) {
  for (const std::string_view text :
       {"a"sv, "0"sv, "c0000000-0000-4000-8000-000000000000"sv, "Root=1-67891233-abcdef012345678"sv,
        "dGVzdA+/=="sv, "job:12@host~x.y_z"sv}) {
    EXPECT_ROW(text, is_request_id(text));
  }
  EXPECT(is_request_id(std::string(kMaxRequestId, 'x')));
}
END_TEST

START_TEST(refuses_the_rest) {
  for (const std::string_view text :
       {""sv, " a"sv, "a b"sv, "a\"b"sv, "a\\"sv, "a\nb"sv, "a\0b"sv, "a,b"sv, "a;b"sv, "a\x7f"sv,
        "\xc3\xa9"sv, "\xff"sv, "<x>"sv, "$x"sv, "%41"sv, "'"sv}) {
    EXPECT_ROW(text, !is_request_id(text));
  }
  EXPECT(!is_request_id(std::string(kMaxRequestId + 1, 'x')));
}
END_TEST

START_TEST(makes_uuids) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = make_uuid();
    EXPECT(is_uuid(id));
    EXPECT_EQ(id[14], '4');
    EXPECT("89ab"sv.find(id[19]) != std::string_view::npos);
    EXPECT(seen.insert(id).second);
  }
}
END_TEST

START_TEST(makes_uuids_of_digits) {
  struct Row {
    std::string_view digits;
    std::string_view uuid;
  };
  const Row rows[] = {
      {"00000000000000000000000000000000", "00000000-0000-4000-8000-000000000000"},
      {"ffffffffffffffffffffffffffffffff", "ffffffff-ffff-4fff-bfff-ffffffffffff"},
      {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "FFFFFFFF-FFFF-4FFF-bFFF-FFFFFFFFFFFF"},
      {"0123456789abcdef9123456789abcdef", "01234567-89ab-4def-9123-456789abcdef"},
      {"0123456789abcdefa123456789abcdef", "01234567-89ab-4def-a123-456789abcdef"},
      {"too short", "too short"},
      {"0123456789abcdefg123456789abcdef", "0123456789abcdefg123456789abcdef"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.digits, uuid_of_hex(row.digits), row.uuid);
  }
}
END_TEST

START_TEST(knows_uuids) {
  EXPECT(is_uuid("C0000000-0000-4000-8000-00000000000f"));
  for (const char* text :
       {"", "x", "c0000000-0000-4000-8000-00000000000", "c0000000-0000-4000-8000-00000000000g",
        "c0000000_0000-4000-8000-000000000000"}) {
    EXPECT_ROW(text, !is_uuid(text));
  }
}
END_TEST

}  // namespace

CHECK_MAIN("request_id", takes_what_needs_no_quotes, refuses_the_rest, makes_uuids,
           makes_uuids_of_digits, knows_uuids)
