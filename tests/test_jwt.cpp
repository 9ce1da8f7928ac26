#include "shared/auth/jwt.hpp"

#include "shared/base/crypto.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

constexpr double kNow = 1795251160.0;
constexpr std::string_view kSecret = "dev-secret";

JwtRule rule() {
  JwtRule out;
  out.secret = kSecret;
  return out;
}

// Signed over whatever parts, well-formed or not.
std::string signed_parts(std::string_view header, std::string_view payload) {
  const std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(hmac_sha256(kSecret, text));
}

std::string token_of(std::string_view payload) {
  return signed_parts(R"({"alg":"HS256","typ":"JWT"})", payload);
}

// The message, or "ok:" and the subject.
std::string outcome(std::string_view token, const JwtRule& with = rule(), double now = kNow) {
  const auto claims = verify_jwt(token, with, now);
  if (claims) {
    return "ok:" + claims->subject;
  }
  EXPECT_EQ(claims.error().kind, ErrorKind::kUnauthorized);
  return claims.error().message;
}

START_TEST(known_token) {
  // jwt.io's example.
  JwtRule with;
  with.secret = "your-256-bit-secret";
  EXPECT_EQ(outcome("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
                    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
                    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
                    with),
            "ok:1234567890");
}
END_TEST

START_TEST(payloads) {
  struct Row {
    std::string_view payload;
    std::string_view outcome;
  };
  constexpr std::string_view kInvalid = "Invalid token";
  constexpr std::string_view kUser = "Invalid user claim";
  constexpr Row kRows[] = {
      {R"({"sub":"u"})", "ok:u"},
      {R"({"sub":"\u00e9 x"})", "ok:\xc3\xa9 x"},
      {R"( { "sub" : "u" , "iss":7, "scopes":["a"], "jti":1 } )", "ok:u"},
      {R"({"sub":1,"sub":"u"})", "ok:u"},
      {R"({"sub":"u","sub":1})", kInvalid},
      {R"({})", kUser},
      {R"({"sub":""})", kUser},
      {R"({"Sub":"u"})", kUser},
      {R"({"sub":7})", kInvalid},
      {R"({"sub":null})", kInvalid},
      {R"({"sub":["u"]})", kInvalid},
      {R"({"sub":"\ud800"})", kInvalid},
      // exp
      {R"({"sub":"u","exp":1795251161})", "ok:u"},
      {R"({"sub":"u","exp":1795251160.5})", "ok:u"},
      {R"({"sub":"u","exp":1.795251161e9})", "ok:u"},
      {R"({"sub":"u","exp":253402300799})", "ok:u"},
      {R"({"sub":"u","exp":253402300799.5})", kInvalid},
      {R"({"sub":"u","exp":1795251161000})", kInvalid},
      {R"({"sub":"u","exp":99999999999999999999999})", kInvalid},
      {R"({"sub":"u","exp":18446744073709551617})", kInvalid},
      {R"({"sub":"u","exp":1795251160})", kInvalid},
      {R"({"sub":"u","exp":1795251159.9})", kInvalid},
      {R"({"sub":"u","exp":0})", kInvalid},
      {R"({"sub":"u","exp":-1})", kInvalid},
      {R"({"sub":"u","exp":"1795251999"})", kInvalid},
      {R"({"sub":"u","exp":null})", kInvalid},
      {R"({"sub":"u","exp":true})", kInvalid},
      {R"({"sub":"u","exp":[1795251999]})", kInvalid},
      {R"({"sub":"u","exp":1e999})", kInvalid},
      {R"({"sub":"u","exp":1,"exp":1795251999})", "ok:u"},
      {R"({"sub":"u","exp":1795251999,"exp":1})", kInvalid},
      // nbf and iat
      {R"({"sub":"u","nbf":1795251160})", "ok:u"},
      {R"({"sub":"u","nbf":1795251160.5})", kInvalid},
      {R"({"sub":"u","nbf":1795251161})", kInvalid},
      {R"({"sub":"u","nbf":"1"})", kInvalid},
      {R"({"sub":"u","iat":1795251160})", "ok:u"},
      {R"({"sub":"u","iat":0})", "ok:u"},
      {R"({"sub":"u","iat":-5.5})", kInvalid},
      {R"({"sub":"u","nbf":-1})", kInvalid},
      {R"({"sub":"u","nbf":-1e400})", kInvalid},
      {R"({"sub":"u","iat":1795251161})", kInvalid},
      {R"({"sub":"u","iat":"now"})", kInvalid},
      {R"({"sub":"u","iat":{}})", kInvalid},
      // aud
      {R"({"sub":"u","aud":"x"})", kInvalid},
      {R"({"sub":"u","aud":[]})", kInvalid},
      {R"({"sub":"u","aud":null})", kInvalid},
      // an expired token says so before anything about its user
      {R"({"exp":1})", kInvalid},
      // no object
      {"[]", kInvalid},
      {"\"u\"", kInvalid},
      {"null", kInvalid},
      {"", kInvalid},
      {"{", kInvalid},
      {R"({"sub":"u"}x)", kInvalid},
      {"{\"sub\":\"\xff\"}", kInvalid},
      {"{\"sub\":\"u\",\"x\":\"\xed\xa0\x80\"}", kInvalid},
      {"{\"sub\":\"a\0b\"}"sv, kInvalid},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.payload, outcome(token_of(row.payload)), row.outcome);
  }
}
END_TEST

// Whom it is from and for, and what must be in it.
START_TEST(issuer_and_audience) {
  struct Row {
    std::string_view payload;
    std::string_view outcome;
  };
  JwtRule with = rule();
  with.issuer = "https://issuer";
  with.audiences = {"us", "them too"};
  with.required = {"team"};
  constexpr std::string_view kInvalid = "Invalid token";
  constexpr Row kRows[] = {
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":"us"})", "ok:u"},
      {R"({"sub":"u","team":"t","iss":"https:\/\/issuer","aud":"them too"})", "ok:u"},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":["x",1,null,"us"]})", "ok:u"},
      {R"({"sub":"u","team":"t","iss":"https://issuer/","aud":"us"})", kInvalid},
      {R"({"sub":"u","team":"t","iss":["https://issuer"],"aud":"us"})", kInvalid},
      {R"({"sub":"u","team":"t","iss":null,"aud":"us"})", kInvalid},
      {R"({"sub":"u","team":"t","aud":"us"})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer"})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":"US"})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":"us "})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":[]})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":[["us"]]})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":{"us":"us"}})", kInvalid},
      {R"({"sub":"u","team":"t","iss":"https://issuer","aud":7})", kInvalid},
      {R"({"sub":"u","team":"","iss":"https://issuer","aud":"us"})", kInvalid},
      {R"({"sub":"u","team":7,"iss":"https://issuer","aud":"us"})", kInvalid},
      {R"({"sub":"u","team":"\ud800","iss":"https://issuer","aud":"us"})", kInvalid},
      {R"({"sub":"u","iss":"https://issuer","aud":"us"})", kInvalid},
      {R"({"team":"t","iss":"https://issuer","aud":"us"})", "Invalid user claim"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.payload, outcome(token_of(row.payload), with), row.outcome);
  }
}
END_TEST

START_TEST(headers) {
  struct Row {
    std::string_view header;
    bool good;
  };
  constexpr Row kRows[] = {
      {R"({"alg":"HS256"})", true},
      {R"({"typ":"at+jwt","alg":"HS256","kid":"k","x":{}})", true},
      {R"({"alg":"\u0048S256"})", true},
      {R"({"alg":"none","alg":"HS256"})", true},
      {R"({"alg":"HS256","b64":true})", true},
      {R"({"alg":"HS256","alg":"none"})", false},
      {R"({"alg":"none"})", false},
      {R"({"alg":"None"})", false},
      {R"({"alg":"HS512"})", false},
      {R"({"alg":"hs256"})", false},
      {R"({"alg":"HS256 "})", false},
      {R"({"alg":["HS256"]})", false},
      {R"({"alg":null})", false},
      {R"({"alg":""})", false},
      {R"({"typ":"JWT"})", false},
      {R"({"alg":"HS256","crit":["exp"]})", false},
      {R"({"alg":"HS256","crit":[]})", false},
      {R"({"alg":"HS256","crit":null})", false},
      {R"({"alg":"HS256","b64":false})", false},
      {R"("HS256")", false},
      {R"(["HS256"])", false},
      {"{}", false},
      {"", false},
      {"{\"alg\":\"HS256\",\"x\":\"\xff\"}", false},
      {R"({"alg":"HS256"},)", false},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.header, outcome(signed_parts(row.header, R"({"sub":"u"})")),
                  row.good ? "ok:u" : "Invalid token");
  }
}
END_TEST

START_TEST(shapes) {
  const std::string good = token_of(R"({"sub":"u"})");
  EXPECT_EQ(outcome(good), "ok:u");
  EXPECT_EQ(outcome(""), "Missing token");
  const std::string unsigned_part = good.substr(0, good.rfind('.') + 1);
  const std::string bad[] = {
      "x",
      ".",
      "..",
      "...",
      "a.b",
      "a.b.c",
      " ",
      unsigned_part,
      good.substr(0, good.size() - 1),
      good.substr(0, good.size() - 1) + "=",
      good + "=",
      good + "A",
      good + "AA",
      good + ".",
      good + ".x",
      "." + good,
      " " + good,
      good + " ",
      good + "\n",
      "Bearer " + good,
      good + std::string("\0", 1),
      unsigned_part + base64url_encode(std::string(32, '\0')),
      unsigned_part + base64url_encode(std::string(31, '\0')),
      unsigned_part + hex(hmac_sha256(kSecret, unsigned_part)),
      token_of(R"({"sub":"v"})").substr(0, unsigned_part.size()) +
          good.substr(unsigned_part.size()),
      std::string(kMaxJwtBytes, '.'),
      std::string(5'000'000, 'A'),
  };
  for (const std::string& token : bad) {
    EXPECT_EQ_ROW(token, outcome(token), "Invalid token");
  }
  // One more spelling of the same signature bytes: the last letter's spare bits.
  std::string twin = good;
  const std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  twin.back() = alphabet[alphabet.find(twin.back()) + 1];
  EXPECT_EQ(outcome(twin), "Invalid token");
  // Any flipped character is noticed.
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ_ROW(i, outcome(flipped), "Invalid token");
  }
}
END_TEST

START_TEST(length_limit) {
  const auto sized = [](std::size_t blanks) {
    return token_of("{\"sub\":\"u\"}" + std::string(blanks, ' '));
  };
  std::size_t blanks = 0;
  while (sized(blanks + 3).size() <= kMaxJwtBytes) {
    blanks += 3;
  }
  EXPECT_EQ(outcome(sized(blanks)), "ok:u");
  EXPECT_EQ(outcome(sized(blanks + 3)), "Invalid token");
}
END_TEST

START_TEST(rules) {
  JwtRule with = rule();
  with.user_claim = "uid";
  EXPECT_EQ(outcome(token_of(R"({"sub":"u","uid":"w"})"), with), "ok:w");
  EXPECT_EQ(outcome(token_of(R"({"sub":"u"})"), with), "Invalid user claim");
  EXPECT_EQ(outcome(token_of(R"({"sub":1,"uid":"w"})"), with), "Invalid token");
  EXPECT_EQ(outcome(token_of(R"({"uid":1})"), with), "Invalid token");

  JwtRule late = rule();
  late.leeway = std::chrono::seconds{10};
  EXPECT_EQ(outcome(token_of(R"({"sub":"u","exp":1795251151})"), late), "ok:u");
  EXPECT_EQ(outcome(token_of(R"({"sub":"u","exp":1795251150})"), late), "Invalid token");
  EXPECT_EQ(outcome(token_of(R"({"sub":"u","nbf":1795251170,"iat":1795251170})"), late), "ok:u");
  EXPECT_EQ(outcome(token_of(R"({"sub":"u","nbf":1795251171})"), late), "Invalid token");

  JwtRule other = rule();
  other.secret = "dev-secre";
  EXPECT_EQ(outcome(token_of(R"({"sub":"u"})"), other), "Invalid token");
  other.secret.clear();
  const std::string text =
      base64url_encode(R"({"alg":"HS256"})"sv) + "." + base64url_encode(R"({"sub":"u"})"sv);
  EXPECT_EQ(outcome(text + "." + base64url_encode(hmac_sha256("", text)), other), "Invalid token");

  EXPECT(parse_jwt_alg("HS256") == JwtAlg::kHs256);
  for (const std::string_view name : {"none"sv, "HS512"sv, "hs256"sv, ""sv, "RS384"sv}) {
    EXPECT_ROW(name, !parse_jwt_alg(name));
  }
}
END_TEST

START_TEST(mints_and_reads_back) {
  const auto token =
      mint_jwt(R"( {"sub":"u","exp":1795251999.5,"a":"\ud83d\ude00","n":[1, 2]} )", kSecret);
  EXPECT(token.ok());
  const auto claims = verify_jwt(*token, rule(), kNow);
  EXPECT(claims.ok());
  EXPECT_EQ(claims->subject, "u");
  EXPECT_EQ(claims->exp.value_or(0), 1795251999.5);
  EXPECT_EQ(claims->raw_json, R"({"sub":"u","exp":1795251999.5,"a":"\ud83d\ude00","n":[1, 2]})");
  EXPECT_EQ(claims->text("a").value_or("?"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(claims->raw("n").value_or("?"), "[1, 2]");
  EXPECT_EQ(claims->raw("N").value_or("?"), "[1, 2]");
  EXPECT(!claims->text("n"));
  EXPECT(!claims->text("none"));
  EXPECT(!claims->raw("none"));
  EXPECT(!mint_jwt("[]", kSecret).ok());
  EXPECT(!mint_jwt("{", kSecret).ok());
  EXPECT(!mint_jwt("{}", "").ok());
}
END_TEST

}  // namespace

CHECK_MAIN("jwt", known_token, payloads, issuer_and_audience, headers, shapes, length_limit, rules,
           mints_and_reads_back)
