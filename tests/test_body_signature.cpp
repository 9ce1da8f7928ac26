// Bodies that are signed: the rule as Slack, GitHub and Stripe use it, and what is refused.

#include "shared/auth/body_signature.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;

namespace {

// The example of Slack's documentation, "Verifying requests from Slack".
constexpr std::int64_t kNow = 1531420618;
constexpr const char* kTime = "1531420618";
constexpr const char* kBody =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    "channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%"
    "2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c";
constexpr const char* kSignature =
    "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

BodySignatureRule slack_rule() {
  BodySignatureRule rule;
  rule.secret = "8f742231b10e8888abcd99yyyzzz85a5";
  rule.prefix = "v0=";
  rule.message = "v0:{timestamp}:{body}";
  return rule;
}

std::string outcome(const BodySignatureRule& rule, const SignedBody& input,
                    std::int64_t now = kNow) {
  const auto result = verify(rule, input, now);
  if (!result) {
    EXPECT(result.error().kind == ErrorKind::kForbidden);
  }
  return result ? "ok" : result.error().message;
}

START_TEST(slacks_own_example) {
  EXPECT_EQ(sign(slack_rule(), kTime, kBody), kSignature);
  EXPECT_EQ(outcome(slack_rule(), {kTime, kSignature, kBody}), "ok");
}
END_TEST

START_TEST(refusals) {
  const std::string upper = "v0=A2114D57B48EAC39B9AD189DD8316235A7B4A8D21A10BD27519666489C69B503";
  const std::string longer = std::string(kSignature) + "0";
  const struct {
    const char* name;
    SignedBody input;
    std::int64_t now;
    const char* says;
  } rows[] = {
      {"no signature", {kTime, std::nullopt, kBody}, kNow, "Invalid signature"},
      {"empty", {kTime, "", kBody}, kNow, "Invalid signature"},
      {"without its prefix",
       {kTime, std::string_view(kSignature).substr(3), kBody},
       kNow,
       "Invalid signature"},
      {"upper case", {kTime, upper, kBody}, kNow, "Invalid signature"},
      {"longer", {kTime, longer, kBody}, kNow, "Invalid signature"},
      {"another body", {kTime, kSignature, "x"}, kNow, "Invalid signature"},
      {"another time", {"1531420619", kSignature, kBody}, kNow, "Invalid signature"},
      {"no time", {std::nullopt, kSignature, kBody}, kNow, "Invalid timestamp"},
      {"a word", {"now", kSignature, kBody}, kNow, "Invalid timestamp"},
      {"negative", {"-1", kSignature, kBody}, kNow, "Invalid timestamp"},
      {"a blank", {" 1531420618", kSignature, kBody}, kNow, "Invalid timestamp"},
      {"too large", {"99999999999999999999", kSignature, kBody}, kNow, "Invalid timestamp"},
      {"the largest", {"18446744073709551615", kSignature, kBody}, kNow, "Request expired"},
      {"a second too late", {kTime, kSignature, kBody}, kNow + 301, "Request expired"},
      {"a second too early", {kTime, kSignature, kBody}, kNow - 301, "Request expired"},
      {"at the end", {kTime, kSignature, kBody}, kNow + 300, "ok"},
      {"at the start", {kTime, kSignature, kBody}, kNow - 300, "ok"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.name, outcome(slack_rule(), row.input, row.now), row.says);
  }
  auto open = slack_rule();
  open.secret = "";
  const auto forged = sign(open, kTime, kBody);
  EXPECT_EQ(outcome(open, {kTime, forged, kBody}), "Invalid signature");
}
END_TEST

START_TEST(other_services) {
  BodySignatureRule github;
  github.secret = "It's a Secret to Everybody";
  github.prefix = "sha256=";
  github.message = "{body}";
  github.window = std::chrono::seconds{0};
  EXPECT_EQ(
      outcome(github, {std::nullopt,
                       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                       "Hello, World!"}),
      "ok");
  // What stands in a body is never read as a place.
  BodySignatureRule plain;
  plain.secret = "s";
  EXPECT(sign(plain, "1", "{timestamp}") != sign(plain, "1", "1"));
}
END_TEST

START_TEST(messages) {
  for (const char* good :
       {"{body}", "{timestamp}.{body}", "v0:{timestamp}:{body}", "{body}{timestamp}"}) {
    EXPECT_ROW(good, check_message(good).ok());
  }
  for (const char* bad : {"", "body", "{timestamp}", "{body}{body}", "{body}{timestamp}{timestamp}",
                          "{bodyy}", "{body}{", "{Body}", "{body}}"}) {
    EXPECT_ROW(bad, !check_message(bad).ok());
  }
}
END_TEST

}  // namespace

CHECK_MAIN("body signature", slacks_own_example, refusals, other_services, messages)
