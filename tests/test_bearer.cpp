#include "shared/auth/bearer.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(takes_the_token_as_it_stands) {
  EXPECT_EQ(parse_bearer("Bearer abc").value_or("<none>"), "abc");
  EXPECT_EQ(parse_bearer("Bearer ").value_or("<none>"), "");
  EXPECT_EQ(parse_bearer("Bearer  a b ").value_or("<none>"), " a b ");
  for (const std::string_view other : {""sv, "Bearer"sv, "bearer abc"sv, "BEARER abc"sv,
                                       "Bearer\tabc"sv, " Bearer abc"sv, "Basic abc"sv, "abc"sv}) {
    EXPECT_ROW(other, !parse_bearer(other));
  }
}
END_TEST

START_TEST(takes_the_scheme_as_http_has_it) {
  for (const std::string_view same :
       {"Bearer abc"sv, "bearer abc"sv, "BEARER abc"sv, "bEaReR   abc"sv}) {
    EXPECT_EQ_ROW(same, parse_bearer_token(same).value_or("<none>"), "abc");
  }
  EXPECT_EQ(parse_bearer_token("bearer ").value_or("<none>"), "");
  EXPECT_EQ(parse_bearer_token("bearer a b").value_or("<none>"), "a b");
  for (const std::string_view other : {""sv, "Bearer"sv, "bearerabc"sv, "Bearer\tabc"sv,
                                       " Bearer abc"sv, "Basic abc"sv, "abc"sv}) {
    EXPECT_ROW(other, !parse_bearer_token(other));
  }
}
END_TEST

START_TEST(compares_with_the_one_token) {
  struct Row {
    std::optional<std::string_view> header;
    std::string_view token;
    std::string_view message;
  };
  constexpr Row kRows[] = {
      {"Bearer s3cret", "s3cret", ""},
      {std::nullopt, "s3cret", "Authorization header required"},
      {"", "s3cret", "Authorization header required"},
      {"bearer s3cret", "s3cret", "Invalid bearer token format"},
      {"s3cret", "s3cret", "Invalid bearer token format"},
      {"Bearer S3cret", "s3cret", "Invalid bearer token"},
      {"Bearer s3cre", "s3cret", "Invalid bearer token"},
      {"Bearer s3cret ", "s3cret", "Invalid bearer token"},
      {"Bearer  s3cret", "s3cret", "Invalid bearer token"},
      {"Bearer ", "s3cret", "Invalid bearer token"},
      {"Bearer ", "", "Invalid bearer token"},
      {"Bearer s3cret\0"sv, "s3cret", "Invalid bearer token"},
  };
  for (const Row& row : kRows) {
    BearerRule rule;
    rule.tokens = {std::string(row.token)};
    const auto result = verify_bearer(row.header, rule);
    EXPECT_EQ_ROW(row.header.value_or("<none>"), result.ok(), row.message.empty());
    if (!result) {
      EXPECT_EQ_ROW(row.header.value_or("<none>"), result.error().message, row.message);
      EXPECT_EQ_ROW(row.header.value_or("<none>"), result.error().kind, ErrorKind::kUnauthorized);
    }
  }
}
END_TEST

START_TEST(takes_any_of_several) {
  BearerRule rule;
  EXPECT(!verify_bearer("Bearer ", rule).ok());
  rule.tokens = {"new", "", "old"};
  rule.missing = "who are you?";
  rule.malformed = "what is that?";
  rule.wrong = "no";
  EXPECT(verify_bearer("Bearer new", rule).ok());
  EXPECT(verify_bearer("Bearer old", rule).ok());
  EXPECT_EQ(verify_bearer(std::nullopt, rule).error().message, "who are you?");
  EXPECT_EQ(verify_bearer("Basic new", rule).error().message, "what is that?");
  EXPECT_EQ(verify_bearer("Bearer ", rule).error().message, "no");
}
END_TEST

}  // namespace

CHECK_MAIN("bearer", takes_the_token_as_it_stands, takes_the_scheme_as_http_has_it,
           compares_with_the_one_token, takes_any_of_several)
