#include "ctl/openness.hpp"

#include <algorithm>

#include "shared/base/url_password.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::ctl;

namespace {

Result<Directives> parse(std::string_view text) {
  return parse_nginx_conf(text, [](const std::string& pattern) -> Result<std::vector<std::string>> {
    if (pattern == "allow") {
      return std::vector<std::string>{"allow 127.0.0.1;", "deny all;"};
    }
    if (pattern == "itself") {
      return std::vector<std::string>{"include itself;"};
    }
    return std::vector<std::string>();
  });
}

std::string line_of(const std::string& server) {
  const auto conf = parse("http { server { " + server + " } }");
  return conf ? open_line(find_openness(*conf)) : conf.error().message;
}

START_TEST(reads_words_blocks_and_files) {
  const auto conf = parse(
      "# a comment {\n"
      "user  www-data; events{}\n"
      "http { log_format a 'x; {' \"y\\\"z\" ${b}c d{1} ;\n"
      "  content_by_lua_block { local x = {1} -- }\n } }\n"
      "  include allow; include nothing; }");
  EXPECT(!conf.ok());  // of the Lua above, which has one } too many for us
  const auto good = parse(
      "user  www-data; events{}\n"
      "http { log_format a 'x; {' \"y\\\"z\" ${b}c;# }\n"
      "  x_block { local x = {1} } include allow; include nothing; }");
  EXPECT(good.ok());
  EXPECT_EQ(good->size(), 3U);
  EXPECT_EQ((*good)[0].word(1), "www-data");
  EXPECT_EQ((*good)[0].word(2), "");
  const auto& http = (*good)[2].block;
  EXPECT_EQ(http.size(), 3U);
  EXPECT_EQ(http[0].words.size(), 5U);
  EXPECT_EQ(http[0].word(2), "x; {");
  EXPECT_EQ(http[0].word(3), "y\"z");
  EXPECT_EQ(http[0].word(4), "${b}c");
  EXPECT_EQ(http[1].name(), "allow");
  EXPECT_EQ(http[2].word(1), "all");
}
END_TEST

START_TEST(refuses_what_has_no_end) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) {
    deep += "a{";
  }
  for (const std::string& text : {std::string("http {"), std::string("a; }"), deep,
                                  std::string("include itself;"), std::string("a_block { {")}) {
    EXPECT_ROW(text.substr(0, 20), !parse(text).ok());
  }
  for (const char* text : {"", "a", "'", "\"\\", "\\", "$", "a $", ";;;", "#"}) {
    EXPECT_ROW(text, parse(text).ok());
  }
}
END_TEST

START_TEST(tells_where_it_listens) {
  const struct {
    std::string listen;
    Reach reach;
  } rows[] = {
      {"listen 127.0.0.1:80;", Reach::kMachine},
      {"listen 127.1.2.3:80; listen [::1]:80; listen localhost:80;", Reach::kMachine},
      {"listen unix:/run/x.sock;", Reach::kMachine},
      {"listen 80;", Reach::kEverybody},
      {"", Reach::kEverybody},
      {"listen *:80;", Reach::kEverybody},
      {"listen [::]:80 ipv6only=on;", Reach::kEverybody},
      {"listen 127.0.0.1:80; listen 10.0.0.5:80;", Reach::kEverybody},
  };
  for (const auto& row : rows) {
    const auto conf = parse("http { server { " + row.listen + " notify_zone x; } }");
    EXPECT_ROW(row.listen, conf.ok());
    const Openness openness = find_openness(*conf);
    EXPECT_ROW(row.listen, openness.listen == row.reach);
    EXPECT_EQ_ROW(row.listen, judge_openness(openness)[0].verdict, Verdict::kOk);
  }
  EXPECT_EQ(line_of("listen 80; location / { return 200; }"),
            "open: nothing; no server of nginx uses the module");
}
END_TEST

START_TEST(tells_what_needs_no_secret) {
  const struct {
    std::string server;  // behind `listen 80;`
    std::string part;    // of the line; empty: nothing is without a secret
    bool warn = false;
  } rows[] = {
      {"location = /p { notify_publish x; }",
       "/p for anyone who can connect (INTERNAL_TRUSTED_CIDRS)", true},
      {"location = /p { include allow; notify_publish x; }", "/p for 127.0.0.1 ("},
      {"include allow; location = /p { notify_publish x; }", "/p for 127.0.0.1 ("},
      {"include allow; location /p { allow 10.0.0.0/8; deny all; location ~ q { notify_publish x; "
       "} }",
       "q for 10.0.0.0/8"},
      {"location /p { allow 10.0.0.0/8; notify_publish x; }", "/p for anyone who can connect",
       true},
      {"location /p { allow 0.0.0.0/0; deny all; notify_publish x; }",
       "/p for anyone who can connect", true},
      {"location /p { deny all; allow 10.0.0.1; notify_metrics; }", "/p for this machine"},
      {"location /p { notify_auth jwt; notify_publish x; }", ""},
      {"notify_auth key; location /p { location /p/q { notify_consume x; } }", ""},
      {"notify_auth key; location /p { notify_auth off; notify_consume x; }",
       "/p for anyone who can connect", true},
      {"location /p { internal; notify_publish x; }", ""},
      {"location /p { notify_health live; }", ""},
      {"location /ws { notify_member h n header=k; notify_inbox x y z; }",
       "/ws for anyone who can connect (NOTIQ_SOCKET_AUTH=optional)", true},
      {"location /ws { notify_member h n header=k required; notify_inbox x y z; }", ""},
      {"location /ws { notify_member h n required; notify_inbox x y z; notify_receive x y; }",
       "what sockets of /ws say for those who have a key (NOTIQ_ECHO=on)"},
      {"location /ws { notify_member h n required; notify_inbox x y z; notify_echo x; }",
       "(NOTIQ_ECHO=on)"},
      {"location = /docs { alias x; } location /x { notify_health live; }",
       "/docs for anyone who can connect (STAGE=dev)", true},
      {"location = /docs { notify_return 404; }", ""},
      {"location = /metrics { allow 127.0.0.1; allow ::1; deny all; notify_metrics; }",
       "/metrics for 127.0.0.1, ::1"},
  };
  for (const auto& row : rows) {
    const auto conf = parse("http { server { listen 80; " + row.server + " } }");
    EXPECT_ROW(row.server, conf.ok());
    const Openness openness = find_openness(*conf);
    const std::string line = open_line(openness);
    EXPECT_EQ_ROW(row.server, line.find("without a secret") == std::string::npos, row.part.empty());
    EXPECT_ROW(row.server + " → " + line, line.find(row.part) != std::string::npos);
    const auto findings = judge_openness(openness);
    const bool warned = std::any_of(findings.begin(), findings.end(), [](const Finding& one) {
      return one.verdict == Verdict::kWarn;
    });
    EXPECT_EQ_ROW(row.server, warned, row.warn);
  }
  // Behind a listener of this machine nobody else comes.
  EXPECT(line_of("listen 127.0.0.1:80; location /p { notify_publish x; }")
             .ends_with("/p for this machine (INTERNAL_TRUSTED_CIDRS)"));
}
END_TEST

START_TEST(sees_passwords_in_urls) {
  const struct {
    const char* url;
    bool password;
  } rows[] = {
      {"redis://127.0.0.1:6379/0", false},
      {"redis://user@host:6379", false},
      {"redis://:p@host", true},
      {"redis://u:p@host", true},
      {"redis://u:@host", false},
      {"redis://u:p/q@host", true},
      {"rediss://u:p@host", true},
      {"unix:/run/redis.sock", false},
      {"unix:/run/a:b@c.sock", false},
      {"unix:///run/a:b@c.sock", false},
      {"unix://:p@/run/redis.sock", true},
      {"sqlite:/var/lib/x.sqlite", false},
      {"sqlite:///var/lib/a:b@c.sqlite", false},
      {"postgresql://h:5432/d", false},
      {"postgresql://u:p@h:5432/d", true},
      {"postgresql:///d?host=/run&password=p", true},
      {"postgresql://h/d?sslpassword=p", true},
      {"postgresql://h/d?sslmode=require", false},
      {"", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.url, url_has_password(row.url), row.password);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("ctl openness", reads_words_blocks_and_files, refuses_what_has_no_end,
           tells_where_it_listens, tells_what_needs_no_secret, sees_passwords_in_urls)
