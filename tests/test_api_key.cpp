#include "shared/auth/api_key.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

// Made with Python's base64 and hashlib, as the replaced alerts service does it.
constexpr std::string_view kKey = "YWxpY2U6AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
constexpr std::string_view kSalt = "00112233445566778899aabbccddeeff";
constexpr std::string_view kHash =
    "37a721303c04ccbd48d0385f9df2c28fca7803191ed0da3a43521716974b2b7d";

std::string user_of(std::string_view key) { return api_key_user(key).value_or("none"); }

START_TEST(users) {
  struct Row {
    std::string_view user;
    bool good;
  };
  const std::string longest(kMaxApiKeyUserBytes, 'x');
  const std::string longer = longest + "x";
  const Row rows[] = {
      {"alice", true},
      {"a", true},
      {"a b", true},
      {" ", true},
      {"\xc3\xbc", true},
      {"a/b?c=d&e", true},
      {"\"\\", true},
      {longest, true},
      {"", false},
      {longer, false},
      {"a:b", false},
      {":", false},
      {"a\nb", false},
      {"a\0b"sv, false},
      {"\x7f", false},
      {"\xff", false},
      {"\xed\xa0\x80", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.user, check_api_key_user(row.user).ok(), row.good);
    if (row.good) {
      EXPECT_EQ_ROW(row.user, user_of(make_api_key(row.user)), row.user);
    }
  }
}
END_TEST

START_TEST(keys) {
  const auto encode = [](std::string_view text) { return base64url_encode(text); };
  const std::string huge = encode("u:" + std::string(10'000, 'x'));
  struct Row {
    std::string_view name;
    std::string key;
    std::string_view user;
  };
  const Row rows[] = {
      {"known", std::string(kKey), "alice"},
      {"a colon in what follows", encode("u:a:b"), "u"},
      {"nothing behind the colon", encode("u:"), "u"},
      {"any bytes", encode("\xff\0\n:x"sv), "\xff\0\n"sv},
      {"no user", encode(":x"), "none"},
      {"no colon", encode("alice"), "none"},
      {"empty", "", "none"},
      {"padded", std::string(kKey) + "=", "none"},
      {"the other alphabet", "YWxpY2U6+/+/", "none"},
      {"a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.x", "none"},
      {"a blank", "YWxp Y2U6", "none"},
      {"a NUL", std::string("YWxpY2U6\0", 9), "none"},
      {"10 kB", huge, "none"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.name, user_of(row.key), row.user);
  }
}
END_TEST

START_TEST(keys_differ) {
  EXPECT(make_api_key("u") != make_api_key("u"));
  EXPECT_EQ(make_api_key("alice").size(), kKey.size());
}
END_TEST

START_TEST(hashes) {
  const ApiKeyHash known{std::string(kSalt), std::string(kHash)};
  const ApiKeyHash upper{known.salt, "ABCDEF"};
  const ApiKeyHash none{};
  const ApiKeyHash all[] = {none, upper, known};
  EXPECT_EQ(match_api_key(kKey, all).value_or(9), 2U);
  EXPECT(!match_api_key(kKey, std::span(all).first(2)));
  EXPECT(!match_api_key(kKey, {}));
  EXPECT(!match_api_key("YWxpY2U6AAECAwQFBgcICQoLDA0ODxAREhMUFRYW", all));

  const ApiKeyHash made = hash_api_key(kKey);
  EXPECT_EQ(made.salt.size(), 32U);
  EXPECT_EQ(made.hash.size(), 64U);
  EXPECT(made.salt != hash_api_key(kKey).salt);
  EXPECT(match_api_key(kKey, std::span(&made, 1)).has_value());
}
END_TEST

}  // namespace

CHECK_MAIN("api_key", users, keys, keys_differ, hashes)
