#include "ctl/pairs.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::ctl;

namespace {

START_TEST(divides_at_the_first_equals_sign) {
  const auto pairs = parse_pairs({"a=1", "b=", "c=x=y", "d e= f ", "a=2"}, "FIELD=VALUE");
  EXPECT(pairs.ok());
  const std::vector<Pair> expected = {
      {"a", "1"}, {"b", ""}, {"c", "x=y"}, {"d e", " f "}, {"a", "2"}};
  EXPECT(*pairs == expected);
  EXPECT(parse_pairs({}, "FIELD=VALUE")->empty());
}
END_TEST

START_TEST(refuses_what_is_no_pair) {
  struct Row {
    std::string word;
    std::string_view message;
  };
  const Row rows[] = {
      {"message", "\"message\" is not FIELD=VALUE"},
      {"=x", "\"=x\" is not FIELD=VALUE"},
      {"", "\"\" is not FIELD=VALUE"},
      {"a\x1b[2J", "\"a\\u001b[2J\" is not FIELD=VALUE"},
  };
  for (const Row& row : rows) {
    const auto pairs = parse_pairs({"a=1", row.word}, "FIELD=VALUE");
    EXPECT_ROW(row.word, !pairs.ok());
    EXPECT_EQ_ROW(row.word, pairs.error().message, row.message);
  }
}
END_TEST

START_TEST(takes_an_id_in_each_spelling) {
  struct Row {
    std::string_view text;
    bool ok;
    EntryId id;
  };
  constexpr Row kRows[] = {
      {"0", true, {0, 0}},
      {"1700000000000", true, {1700000000000, 0}},
      {"1700000000000-1", true, {1700000000000, 1}},
      {"1700000000000-00000010", true, {1700000000000, 16}},
      {"1700000000000-0000001f", true, {1700000000000, 31}},
      {"1700000000000-10000000", true, {1700000000000, 10000000}},
      {"1-18446744073709551615", true, {1, UINT64_MAX}},
      {"", false, {}},
      {"-", false, {}},
      {"1-", false, {}},
      {"-1", false, {}},
      {"+1", false, {}},
      {" 1", false, {}},
      {"1-1-1", false, {}},
      {"1-0000001F", false, {}},
      {"1-1f", false, {}},
      {"$", false, {}},
      {"18446744073709551616", false, {}},
  };
  for (const Row& row : kRows) {
    const auto id = parse_any_id(row.text);
    EXPECT_ROW(row.text, id.ok() == row.ok);
    EXPECT_ROW(row.text, !row.ok || *id == row.id);
  }
}
END_TEST

START_TEST(writes_claims) {
  struct Row {
    std::string_view subject;
    std::vector<Pair> claims;
    std::int64_t ttl;
    std::string_view json;
  };
  const Row rows[] = {
      {"123", {}, 3600, R"({"sub":"123","iat":1000,"exp":4600})"},
      {"123", {}, 0, R"({"sub":"123","iat":1000})"},
      {"a\"b", {}, 0, R"({"sub":"a\"b","iat":1000})"},
      {"1",
       {{"role", "admin"}, {"n", "5"}, {"s", "\"5\""}, {"l", " [1, 2]"}, {"e", ""}, {"o", "{x"}},
       0,
       R"({"sub":"1","role":"admin","n":5,"s":"5","l":[1, 2],"e":"","o":"{x","iat":1000})"},
      {"1", {{"exp", "5"}, {"iat", "1"}}, 3600, R"({"sub":"1","exp":5,"iat":1})"},
  };
  for (const Row& row : rows) {
    const auto claims = claims_json(row.subject, row.claims, 1000, row.ttl);
    EXPECT_ROW(row.json, claims.ok());
    EXPECT_EQ_ROW(row.json, *claims, row.json);
  }
}
END_TEST

START_TEST(refuses_a_claim_given_twice) {
  EXPECT_EQ(claims_json("1", {{"sub", "2"}}, 0, 0).error().message,
            "the claim \"sub\" is given twice");
  EXPECT_EQ(claims_json("1", {{"a", "1"}, {"b", "1"}, {"a", "2"}}, 0, 0).error().message,
            "the claim \"a\" is given twice");
}
END_TEST

}  // namespace

CHECK_MAIN("ctl pairs", divides_at_the_first_equals_sign, refuses_what_is_no_pair,
           takes_an_id_in_each_spelling, writes_claims, refuses_a_claim_given_twice)
