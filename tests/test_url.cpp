#include "shared/base/url.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

RedisUrl tcp(std::string host, std::uint16_t port, std::string user = "", std::string password = "",
             unsigned db = 0) {
  return {std::move(host), port, "", std::move(user), std::move(password), db};
}

RedisUrl local(std::string path, std::string user = "", std::string password = "",
               unsigned db = 0) {
  return {"", 0, std::move(path), std::move(user), std::move(password), db};
}

START_TEST(reads_urls) {
  struct Row {
    std::string_view text;
    RedisUrl url;
    std::string_view shown;
  };
  const Row rows[] = {
      {"redis://127.0.0.1:6379/0", tcp("127.0.0.1", 6379), "redis://127.0.0.1:6379/0"},
      {"redis://", tcp("127.0.0.1", 6379), "redis://127.0.0.1:6379/0"},
      {"redis:///3", tcp("127.0.0.1", 6379, "", "", 3), "redis://127.0.0.1:6379/3"},
      {"REDIS://cache", tcp("cache", 6379), "redis://cache:6379/0"},
      {"redis://cache/", tcp("cache", 6379), "redis://cache:6379/0"},
      {" redis://cache:1\n", tcp("cache", 1), "redis://cache:1/0"},
      {"redis://:6380", tcp("127.0.0.1", 6380), "redis://127.0.0.1:6380/0"},
      {"redis://cache:65535?db=15", tcp("cache", 65535, "", "", 15), "redis://cache:65535/15"},
      {"redis://cache/?db=2", tcp("cache", 6379, "", "", 2), "redis://cache:6379/2"},
      {"redis://:pw@cache", tcp("cache", 6379, "", "pw"), "redis://cache:6379/0"},
      {"redis://@cache", tcp("cache", 6379), "redis://cache:6379/0"},
      {"redis://:@cache", tcp("cache", 6379), "redis://cache:6379/0"},
      {"redis://u:p@cache:7/9", tcp("cache", 7, "u", "p", 9), "redis://u@cache:7/9"},
      {"redis://u%40x:p%3a%2F%25+@h", tcp("h", 6379, "u@x", "p:/%+"), "redis://u%40x@h:6379/0"},
      {"redis://u:a:b@h", tcp("h", 6379, "u", "a:b"), "redis://u@h:6379/0"},
      {"redis://u:p@ss/w?rd#@h/1", tcp("h", 6379, "u", "p@ss/w?rd#", 1), "redis://u@h:6379/1"},
      {"redis://[::1]:6379/1", tcp("::1", 6379, "", "", 1), "redis://[::1]:6379/1"},
      {"redis://:p@[fe80::1]", tcp("fe80::1", 6379, "", "p"), "redis://[fe80::1]:6379/0"},
      {"unix:/run/redis.sock", local("/run/redis.sock"), "unix:/run/redis.sock"},
      {"unix:///run/redis.sock", local("/run/redis.sock"), "unix:/run/redis.sock"},
      {"unix:/run/r.sock?db=4", local("/run/r.sock", "", "", 4), "unix:/run/r.sock?db=4"},
      {"unix://u:p@/run/r.sock?db=4", local("/run/r.sock", "u", "p", 4),
       "unix://u@/run/r.sock?db=4"},
      {"unix:///run/with%20blank", local("/run/with blank"), "unix:/run/with%20blank"},
      {"unix:/run/a@b", local("/run/a@b"), "unix:/run/a%40b"},
      {"redis+unix:///r.sock", local("/r.sock"), "unix:/r.sock"},
      {"redis+socket://:p@/r.sock", local("/r.sock", "", "p"), "unix:/r.sock"},
      {"redis-socket:///r.sock", local("/r.sock"), "unix:/r.sock"},
  };
  for (const Row& row : rows) {
    const auto url = parse_redis_url(row.text);
    ck_assert_msg(url.ok(), "%s: %s", test::show(row.text).c_str(),
                  url.ok() ? "" : url.error().message.c_str());
    EXPECT_EQ_ROW(row.text, url->host, row.url.host);
    EXPECT_EQ_ROW(row.text, url->password, row.url.password);
    EXPECT_ROW(row.text, *url == row.url);
    EXPECT_EQ_ROW(row.text, url->display(), row.shown);
    EXPECT_EQ_ROW(row.text, url->is_unix(), !row.url.unix_path.empty());
  }
}
END_TEST

START_TEST(refuses_the_rest_and_keeps_the_password_to_itself) {
  constexpr std::string_view kBad[] = {
      "",
      "redis",
      "redis:",
      "redis:/h",
      "http://h",
      "h:6379",
      "/run/redis.sock",
      "rediss://:hunter2@h",
      "redis://:hunter2@h:0",
      "redis://:hunter2@h:65536",
      "redis://:hunter2@h:",
      "redis://:hunter2@h:x",
      "redis://:hunter2@h:-1",
      "redis://:hunter2@h: 1",
      "redis://:hunter2@h/x",
      "redis://:hunter2@h/-1",
      "redis://:hunter2@h/1/2",
      "redis://:hunter2@h/2147483648",
      "redis://:hunter2@h/99999999999999999999",
      "redis://:hunter2@h/1?db=2",
      "redis://:hunter2@h?db=",
      "redis://:hunter2@h?timeout=1",
      "redis://:hunter2@h#x",
      "redis://:hunter2@h\\x",
      "redis://:hunter2@h x",
      "redis://:hunter2@a:b:1",
      "redis://:hunter2@[::1",
      "redis://:hunter2@[]",
      "redis://:hunter2@[::1]x",
      "redis://:hunter2@[::1]:",
      "redis://:hunter2%@h",
      "redis://:hunter2%zz@h",
      "redis://%:hunter2@h",
      "redis://hunter2@h",
      "unix:",
      "unix://",
      "unix:run/redis.sock",
      "unix://:hunter2@run",
      "unix:/run/%",
      "unix:/run/%00",
      "unix:/r?db=x",
      "unix:/r?hunter2=1",
  };
  for (const std::string_view text : kBad) {
    const auto url = parse_redis_url(text);
    EXPECT_ROW(text, !url.ok());
    EXPECT_EQ_ROW(text, url.error().kind, ErrorKind::kInvalid);
    EXPECT_ROW(text, url.error().message.starts_with("invalid Redis URL: "));
    EXPECT_ROW(text, url.error().message.find("hunter2") == std::string::npos);
  }
  EXPECT(parse_redis_url("rediss://h").error().message.find("TLS") != std::string::npos);
  EXPECT(!parse_redis_url("unix:/" + std::string(107, 'x')).ok());
  EXPECT(parse_redis_url("unix:/" + std::string(106, 'x')).ok());
}
END_TEST

}  // namespace

CHECK_MAIN("url", reads_urls, refuses_the_rest_and_keeps_the_password_to_itself)
