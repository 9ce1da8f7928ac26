#include "shared/base/origin.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

START_TEST(reads_origins) {
  struct Row {
    std::string_view text;
    std::string_view origin;
  };
  constexpr Row kRows[] = {
      {"https://app.example.org", "https://app.example.org"},
      {"HTTPS://App.Example.ORG", "https://app.example.org"},
      {"https://app.example.org:443", "https://app.example.org"},
      {"https://app.example.org:80", "https://app.example.org:80"},
      {"http://localhost:8080", "http://localhost:8080"},
      {"http://[::1]:80", "http://[::1]"},
      {"http://[fe80::1]", "http://[fe80::1]"},
      {"http://10.0.0.1", "http://10.0.0.1"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, origin::parse(row.text).value_or("none"), row.origin);
  }
  for (const std::string_view other : {"",
                                       "null",
                                       "*",
                                       "app.example.org",
                                       "https://",
                                       "https://a/",
                                       "https://a/b",
                                       "https://a?b",
                                       "https://u@a",
                                       "https://a:",
                                       "https://a:x",
                                       "https://a:123456",
                                       "ftp://a",
                                       "https://a b",
                                       "https://[::1",
                                       "https://::1",
                                       "https:///a",
                                       "https://a, https://b",
                                       "file://",
                                       "https://a:80:80"}) {
    EXPECT_ROW(other, !origin::parse(other));
  }
}
END_TEST

START_TEST(knows_the_own_host) {
  struct Row {
    std::string_view page;
    std::string_view host;
    bool own;
  };
  constexpr Row kRows[] = {
      {"https://app.example.org", "app.example.org", true},
      {"https://app.example.org", "APP.example.org", true},
      {"https://app.example.org", "app.example.org:443", true},
      {"http://app.example.org", "app.example.org:443", false},
      {"http://app.example.org", "app.example.org:80", true},
      {"http://app.example.org:8080", "app.example.org:8080", true},
      {"http://app.example.org:8080", "app.example.org", false},
      {"http://[::1]:8080", "[::1]:8080", true},
      {"https://example.org", "app.example.org", false},
      {"https://app.example.org.evil.net", "app.example.org", false},
      {"https://evilapp.example.org", "app.example.org", false},
      {"https://app.example.org", "", false},
      {"null", "null", false},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.page, origin::is_host(row.page, row.host), row.own);
  }
}
END_TEST

START_TEST(knows_hosts_that_nobody_can_move) {
  for (const std::string_view host :
       {"127.0.0.1", "10.0.0.7", "[::1]", "[fd00::7]", "localhost", "LocalHost", "app.localhost"}) {
    EXPECT_ROW(host, origin::is_fixed_host(host));
  }
  for (const std::string_view host :
       {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost",
        "1.evil", "evil.1x", "evil.0x7f", "::1", "[evil]", "evil."}) {
    EXPECT_ROW(host, !origin::is_fixed_host(host));
  }
}
END_TEST

}  // namespace

CHECK_MAIN("origin", reads_origins, knows_the_own_host, knows_hosts_that_nobody_can_move)
