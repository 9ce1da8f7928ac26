// Which parts of a line no log may hold.

#include "ngx_notify_module/wire/secret_mask.hpp"
#include "tests/check_main.hpp"

using notify::SecretMask;

namespace {

struct Row {
  const char* text;
  const char* masked;
};

std::string apply(const SecretMask& mask, std::string text) {
  mask.apply(text);
  return text;
}

}  // namespace

START_TEST(masks_values) {
  const Row rows[] = {
      {"GET /s?token=abc HTTP/1.1", "GET /s?token=*** HTTP/1.1"},
      {"GET /s?x=1&token=abc&y=2 HTTP/1.1", "GET /s?x=1&token=***&y=2 HTTP/1.1"},
      {"/s?TOKEN=abc&Api_Key=de", "/s?TOKEN=***&Api_Key=**"},
      {"/s?token=abc&token=def", "/s?token=***&token=***"},
      {"/s?;token=abc", "/s?;token=***"},
      {"/s?a=b?token=abc", "/s?a=b?token=***"},
      {"/s?token=a=b", "/s?token=***"},
      {"/s?token=a%26b", "/s?token=*****"},
      {"/s?token=abc#f", "/s?token=***#f"},
      {"/s?token=", "/s?token="},
      {"/s?%74oken=abc&api%5fkey=d", "/s?%74oken=***&api%5fkey=*"},
      {"/s?n=%2Fp%3Ftoken%3Dabc%26x%3D1&y", "/s?n=%2Fp%3Ftoken%3D***********&y"},
      {"/s?n=%252Fp%253Ftoken%253Dabc", "/s?n=%252Fp%253Ftoken%253D***"},
      {"/s?token=\"abc\"&b", "/s?token=*****&b"},
      {"/s?token=a\"b,\"c HTTP/1.1", "/s?token=****** HTTP/1.1"},
      {"http args: \"token=abc\"", "http args: \"token=***\""},
      {"http args: \"token=abc\"\n", "http args: \"token=***\"\n"},
      {"request: \"GET /?token=a\", referrer: \"http://h/?api_key=b\"",
       "request: \"GET /?token=*\", referrer: \"http://h/?api_key=*\""},
  };
  const SecretMask mask;
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.text, apply(mask, row.text), row.masked);
    EXPECT_ROW(row.text, mask.matches(row.text));
  }
}
END_TEST

START_TEST(leaves_the_rest) {
  const char* const rows[] = {
      "",
      "?",
      "%",
      "%2",
      "token=abc",
      "/token=abc",
      "/s?tokens=",
      "/s?xtoken=a",
      "/s?token",
      "/s?token&a=b",
      "/s?a=token=abc",
      "/s?to ken=a",
      "/s?%zztoken=a",
  };
  const SecretMask mask;
  for (const char* row : rows) {
    EXPECT_EQ_ROW(row, apply(mask, row), row);
  }
  const std::string longest = "/s?" + std::string(100'000, 'a') + "=b&" + std::string(70, '%');
  EXPECT_EQ(apply(mask, longest), longest);
}
END_TEST

START_TEST(learns_names) {
  SecretMask mask;
  EXPECT(!mask.matches("/?access=abc"));
  mask.add("Access");
  EXPECT_EQ(apply(mask, "/?access=abc&ACCESS=d"), "/?access=***&ACCESS=*");
  EXPECT_EQ(apply(mask, "/?token=abc"), "/?token=***");
}
END_TEST

CHECK_MAIN("secret_mask", masks_values, leaves_the_rest, learns_names)
