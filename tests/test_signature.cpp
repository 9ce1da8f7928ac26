#include "shared/auth/signature.hpp"

#include "shared/base/text.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

constexpr std::int64_t kNow = 1795251160;
constexpr std::string_view kToken = "my-token";

SignatureRule rule() { return {std::string(kToken)}; }

struct Outcome {
  bool ok = true;
  ErrorKind kind{};
  std::string message;
};

Outcome outcome(const SignatureInput& input) {
  const auto result = verify(rule(), input, kNow);
  return result ? Outcome{} : Outcome{false, result.error().kind, result.error().message};
}

START_TEST(known_signature) {
  // openssl dgst -sha256 -hmac my-token
  EXPECT_EQ(sign("my-token", "1700000000"),
            "7387d43def70938790d7697689cd3b62fb2c1ddb1ddf4e4d49836cc2a7e2018d");
}
END_TEST

START_TEST(order_of_the_checks) {
  const std::string timestamp = std::to_string(kNow);
  const std::string signature = sign(kToken, timestamp);
  const std::string upper = [&] {
    std::string out = signature;
    for (char& c : out) {
      c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    }
    return out;
  }();
  const std::string old = std::to_string(kNow - 61);
  const std::string old_signature = sign(kToken, old);
  const std::string of_other = sign("other", timestamp);
  struct Row {
    std::string_view name;
    SignatureInput input;
    std::string_view message;  // empty: good
    ErrorKind kind;
  };
  const Row rows[] = {
      {"good", {kToken, timestamp, signature}, "", {}},
      {"nothing", {}, "Invalid token", ErrorKind::kForbidden},
      {"no token", {{}, timestamp, signature}, "Invalid token", ErrorKind::kForbidden},
      {"empty token", {"", timestamp, signature}, "Invalid token", ErrorKind::kForbidden},
      {"wrong token", {"my-tokem", timestamp, signature}, "Invalid token", ErrorKind::kForbidden},
      {"longer token", {"my-token ", "x", "x"}, "Invalid token", ErrorKind::kForbidden},
      {"token twice", {kToken, timestamp, signature, true}, "Invalid token", ErrorKind::kForbidden},
      {"no timestamp", {kToken, {}, signature}, "Invalid timestamp", ErrorKind::kInvalid},
      {"timestamp twice",
       {kToken, timestamp, signature, false, true},
       "Invalid timestamp",
       ErrorKind::kInvalid},
      {"bad timestamp, no signature",
       {kToken, "abc", {}},
       "Invalid timestamp",
       ErrorKind::kInvalid},
      {"expired", {kToken, old, old_signature}, "Request expired", ErrorKind::kInvalid},
      {"expired and wrong", {kToken, old, "x"}, "Request expired", ErrorKind::kInvalid},
      {"no signature", {kToken, timestamp, {}}, "Invalid signature", ErrorKind::kForbidden},
      {"empty signature", {kToken, timestamp, ""}, "Invalid signature", ErrorKind::kForbidden},
      {"upper case", {kToken, timestamp, upper}, "Invalid signature", ErrorKind::kForbidden},
      {"another key", {kToken, timestamp, of_other}, "Invalid signature", ErrorKind::kForbidden},
      {"another time",
       {kToken, timestamp, old_signature},
       "Invalid signature",
       ErrorKind::kForbidden},
      {"signature twice",
       {kToken, timestamp, signature, false, false, true},
       "Invalid signature",
       ErrorKind::kForbidden},
  };
  for (const Row& row : rows) {
    const Outcome result = outcome(row.input);
    EXPECT_EQ_ROW(row.name, result.message, row.message);
    EXPECT_EQ_ROW(row.name, result.ok, row.message.empty());
    EXPECT_ROW(row.name, result.ok || result.kind == row.kind);
  }
}
END_TEST

START_TEST(timestamps_are_integers) {
  struct Row {
    std::string text;
    std::string_view message;
  };
  const std::string now = std::to_string(kNow);
  const Row rows[] = {
      {now, ""},
      {"+" + now, ""},
      {"  " + now + "\t", ""},
      {"00" + now, ""},
      {"1_795_251_160", ""},
      {std::to_string(kNow - 60), ""},
      {std::to_string(kNow + 60), ""},
      {std::to_string(kNow - 61), "Request expired"},
      {std::to_string(kNow + 61), "Request expired"},
      {"-" + now, "Request expired"},
      {"0", "Request expired"},
      {"-9223372036854775808", "Request expired"},
      {"9223372036854775807", "Request expired"},
      {"18446744073709551616", "Request expired"},
      {std::string(4300, '9'), "Request expired"},
      {"-" + std::string(4300, '9'), "Request expired"},
      {std::string(4301, '9'), "Invalid timestamp"},
      {"", "Invalid timestamp"},
      {" ", "Invalid timestamp"},
      {"+", "Invalid timestamp"},
      {"--1", "Invalid timestamp"},
      {"+ 1", "Invalid timestamp"},
      {now + ".0", "Invalid timestamp"},
      {now + "x", "Invalid timestamp"},
      {now + "\x1f", "Invalid timestamp"},
      {"\x1c" + now, "Invalid timestamp"},
      {now + "\v", "Invalid timestamp"},
      {"\xa0" + now + "\x85", "Invalid timestamp"},
      {"0x1", "Invalid timestamp"},
      {"1e9", "Invalid timestamp"},
      {"_1", "Invalid timestamp"},
      {"1_", "Invalid timestamp"},
      {"1__0", "Invalid timestamp"},
      {"1 2", "Invalid timestamp"},
      {std::string("1\0", 2), "Invalid timestamp"},
      {"\xb2", "Invalid timestamp"},
      {"nan", "Invalid timestamp"},
  };
  for (const Row& row : rows) {
    // Signed as it stands: blanks and signs are part of what the signature covers.
    const std::string signature = sign(kToken, row.text);
    EXPECT_EQ_ROW(row.text, outcome({kToken, row.text, signature}).message, row.message);
  }
  const std::string other = " " + now;
  EXPECT_EQ(outcome({kToken, other, sign(kToken, now)}).message, "Invalid signature");
}
END_TEST

START_TEST(window_and_empty_rule) {
  const std::string signature = sign("t", "100");
  const SignatureInput input{"t", "100", signature};
  EXPECT(verify({"t", std::chrono::seconds{0}}, input, 100).ok());
  EXPECT(!verify({"t", std::chrono::seconds{0}}, input, 101).ok());
  EXPECT(verify({"t", std::chrono::seconds{3600}}, input, 3700).ok());
  EXPECT(!verify({"t"}, input, INT64_MIN).ok());
  EXPECT(!verify({"t"}, input, INT64_MAX).ok());
  const std::string unsigned_key = sign("", "100");
  EXPECT_EQ(verify({""}, {"", "100", unsigned_key}, 100).error().message, "Invalid token");
}
END_TEST

}  // namespace

CHECK_MAIN("signature", known_signature, order_of_the_checks, timestamps_are_integers,
           window_and_empty_rule)
