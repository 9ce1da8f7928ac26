// The settings of `notifyctl up`: their table, their lists, and what is rendered of them.

#include <set>

#include "ctl/supervise/addresses.hpp"
#include "ctl/supervise/setting_table.hpp"
#include "ctl/supervise/templates.hpp"
#include "tests/check_main.hpp"

using namespace notify::ctl;
using notify::parse_redis_url;

namespace {

std::string text_of(const notify::Result<Words>& words) {
  return words ? join(*words, " ") : words.error().message;
}

START_TEST(every_default_is_a_value) {
  std::set<std::string_view> names;
  for (const Setting& row : setting_table()) {
    EXPECT_ROW(row.name, names.insert(row.name).second);
    EXPECT_ROW(row.name, check_setting(row, default_of(row, "/run/dir")).ok());
    EXPECT_ROW(row.name, !row.told_default().empty() && !row.help.empty());
    EXPECT_ROW(row.name, row.kind != SettingKind::kSecret || row.told_default() == "made");
  }
  EXPECT_EQ(default_of(*find_row("DATABASE_URL"), "/x"), "sqlite:/x/catalog.sqlite");
  EXPECT(find_row("NO_SUCH") == nullptr);
}
END_TEST

START_TEST(checks_each_setting) {
  struct Row {
    std::string_view name;
    std::string_view value;
    std::string_view problem;  // empty: it is a value
  };
  constexpr Row kRows[] = {
      {"REDIS_URL", "redis+unix:///run/redis.sock", ""},
      {"REDIS_URL", "redis://:p@ss:w@127.0.0.1/2", ""},
      {"REDIS_URL", "REDIS://127.0.0.1", ""},
      {"REDIS_URL", "rediss://127.0.0.1", "REDIS_URL: invalid Redis URL: rediss:// needs TLS"},
      {"REDIS_URL", "http://x", "REDIS_URL: invalid Redis URL: it must begin with redis://"},
      {"STAGE", "production", "STAGE: \"production\" is neither dev nor prod"},
      {"ALERTS_VALIDATION", "no", "ALERTS_VALIDATION: \"no\" is neither strict nor lenient"},
      {"NOTIQ_ECHO", "yes", "NOTIQ_ECHO: \"yes\" is neither on nor off"},
      {"REDIS_MAXMEMORY", "512mb", ""},
      {"REDIS_MAXMEMORY", "2G", ""},
      {"REDIS_MAXMEMORY", "0100", ""},
      {"REDIS_MAXMEMORY", "0", "REDIS_MAXMEMORY: \"0\" is not a size"},
      {"REDIS_MAXMEMORY", "00kb", "REDIS_MAXMEMORY: \"00kb\" is not a size"},
      {"REDIS_MAXMEMORY", "1 gb", "REDIS_MAXMEMORY: \"1 gb\" is not a size"},
      {"REDIS_MAXMEMORY", "1tb", "REDIS_MAXMEMORY: \"1tb\" is not a size"},
      {"REDIS_MAXMEMORY", "b", "REDIS_MAXMEMORY: \"b\" is not a size"},
      {"REDIS_MAXMEMORY", "mb", "REDIS_MAXMEMORY: \"mb\" is not a size"},
      {"REDIS_MAXMEMORY", "1b", "REDIS_MAXMEMORY: \"1b\" is not a size"},
      {"WORKER_PROCESSES", "auto", ""},
      {"WORKER_PROCESSES", "4", ""},
      {"WORKER_PROCESSES", "0", "WORKER_PROCESSES: \"0\" is neither auto nor"},
      {"WORKER_PROCESSES", "1;", "WORKER_PROCESSES: \"1;\" is neither auto nor"},
      {"APP_ENV", "a;b", "APP_ENV: \"a;b\" is not a word"},
      {"RUN_DIR", "/a\"b", "RUN_DIR: \" $ \\ cannot stand in it: /a\"b"},
      {"API_TOKEN", "any \"thing\" $at $all", ""},
  };
  for (const Row& row : kRows) {
    const auto checked = check_setting(*find_row(row.name), row.value);
    const std::string problem = checked ? "" : checked.error().message;
    EXPECT_EQ_ROW(row.value, problem.substr(0, row.problem.size()), row.problem);
    EXPECT_ROW(row.value, checked.ok() == row.problem.empty());
  }
}
END_TEST

START_TEST(reads_ports) {
  EXPECT_EQ(text_of(parse_ports("8080, 8000\t10000")), "8080 8000 10000");
  EXPECT_EQ(text_of(parse_ports(" , ")), "");
  EXPECT_EQ(text_of(parse_ports("080")), "80");
  EXPECT_EQ(text_of(parse_ports("1 1")), "port 1 is there twice");
  for (const std::string bad : {"0", "65536", "-1", "x", "1.5", "000080"}) {
    EXPECT_EQ(text_of(parse_ports(bad)), "\"" + bad + "\" is not a port number");
  }
}
END_TEST

START_TEST(reads_addresses) {
  struct Row {
    std::string_view text;
    std::string_view with6;
    std::string_view without6;
  };
  constexpr Row kRows[] = {
      {"", "127.0.0.1 [::1]", "127.0.0.1"},
      {"localhost", "127.0.0.1 [::1]", "127.0.0.1"},
      {"*", "0.0.0.0 [::]", "0.0.0.0"},
      {"[::]", "[::]", "[::]"},
      {"fd00::0:1, 10.0.0.5", "[fd00::1] 10.0.0.5", "[fd00::1] 10.0.0.5"},
      {"127.0.0.1 localhost ::1", "127.0.0.1 [::1]", "127.0.0.1 [::1]"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, text_of(parse_listen_addresses(row.text, {true, true})), row.with6);
    EXPECT_EQ_ROW(row.text, text_of(parse_listen_addresses(row.text, {})), row.without6);
  }
  for (const std::string bad : {"localhost:80", "10.0.0.256", "[::1", "::1]", "1.2.3.4;", "[]",
                                "[127.0.0.1]", "$host", "10.0.0.0/8"}) {
    const std::string problem = "\"" + bad + "\" is not an address of this machine";
    EXPECT_EQ(text_of(parse_listen_addresses(bad, {})).substr(0, problem.size()), problem);
  }
}
END_TEST

START_TEST(reads_networks) {
  EXPECT_EQ(text_of(parse_networks("[\"127.0.0.2/32\", \"10.0.0.0/8\"]")),
            "127.0.0.2/32 10.0.0.0/8");
  EXPECT_EQ(text_of(parse_networks("::1,fd00::/8 10.1.2.3")), "::1 fd00::/8 10.1.2.3");
  EXPECT_EQ(text_of(parse_networks("[]")), "");
  for (const std::string bad : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "all",
                                "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/0008"}) {
    const std::string problem = "\"" + bad + "\" is not an address or network";
    EXPECT_EQ(text_of(parse_networks(bad)).substr(0, problem.size()), problem);
  }
}
END_TEST

START_TEST(reads_origins) {
  EXPECT_EQ(text_of(parse_origins("https://a.example, http://b:81")),
            "https://a.example http://b:81");
  EXPECT_EQ(text_of(parse_origins("HTTPS://A.example:443")), "https://a.example");
  EXPECT_EQ(text_of(parse_origins("http://[::1]:3000 http://[fd00::1]")),
            "http://[::1]:3000 http://[fd00::1]");
  for (const std::string bad :
       {"*", "a.example", "https://a.example/", "https://a;b", "null", "https://",
        "http://a:", "http://a:123456", "http://[::1", "http://[]", "http://[::1]x", "ftp://a",
        "http://a:1:2", "http://u@a"}) {
    const std::string problem = "\"" + bad + "\" is no origin";
    EXPECT_EQ(text_of(parse_origins(bad)).substr(0, problem.size()), problem);
  }
}
END_TEST

NginxValues values() {
  return {.module = "/b/m.so",
          .run_dir = "/r",
          .user = "www-data web",
          .addresses = {"127.0.0.1", "[::1]"},
          .ports = {"80"},
          .tls_ports = {"443"},
          .certificate = "/c",
          .certificate_key = "/k"};
}

START_TEST(renders_nginx_conf) {
  constexpr std::string_view kExample =
      "# a comment # that stays\n"
      "load_module modules/m.so; # @MODULE\n"
      "user www-data; # @USER\n"
      "worker_processes auto; # @WORKERS\n"
      "error_log /var/log/error.log notice; # @ERROR_LOG\n"
      "http {\n"
      "    proxy_temp_path /var/lib/proxy; # @TEMP\n"
      "    server unix:/run/x.sock; # @CATALOG\n"
      "        listen 8080; # @LISTEN\n"
      "        listen 8000;  #  @LISTEN \n"
      "    set $notiq_env local; # @APP_ENV\n"
      "}";
  EXPECT_EQ(*render_nginx_conf(kExample, values()),
            "# a comment # that stays\n"
            "load_module \"/b/m.so\";\n"
            "user www-data web;\n"
            "worker_processes auto;\n"
            "error_log \"/r/error.log\" notice;\n"
            "http {\n"
            "    proxy_temp_path \"/r/tmp/proxy_temp_path\";\n"
            "    server \"unix:/r/catalog.sock\";\n"
            "        listen 127.0.0.1:80;\n"
            "        listen 127.0.0.1:443 ssl http2;\n"
            "        listen [::1]:80;\n"
            "        listen [::1]:443 ssl http2;\n"
            "        ssl_certificate \"/c\";\n"
            "        ssl_certificate_key \"/k\";\n"
            "    set $notiq_env local;\n"
            "}\n");
  NginxValues other = values();
  other.user.clear();
  other.workers = "2";
  other.app_env = "stage";
  other.catalog_socket = "/s";
  EXPECT_EQ(*render_nginx_conf("user a; # @USER\nworker_processes auto; # @WORKERS\n"
                               "set $e local; # @APP_ENV\nserver unix:/x; # @CATALOG\n",
                               other),
            "worker_processes 2;\nset $e stage;\nserver \"unix:/s\";\n");
  EXPECT_EQ(render_nginx_conf("a b;\nc d; # @ELSE\n", values()).error().message,
            "nginx.conf.example line 2: nothing is known about # @ELSE");
}
END_TEST

START_TEST(renders_the_catalogue) {
  constexpr std::string_view kShipped =
      "  notify_origin same;  # and others\n"
      "  #notify_cors https://app.example.org methods=GET;\n"
      "  notify_member a b required;\n"
      "  #notify_member a b;\n"
      "  #notify_echo on;\n";
  EXPECT_EQ(render_notiq(kShipped, false, false, {}), kShipped);
  EXPECT_EQ(render_notiq(kShipped, true, true, {"https://a", "http://b:81"}),
            "  notify_origin same https://a http://b:81;  # and others\n"
            "  notify_cors https://a http://b:81 methods=GET;\n"
            "  notify_member a b;\n"
            "  notify_echo on;\n");
  EXPECT_EQ(render_internal_allow({"10.0.0.0/8", "::1"}),
            "allow 10.0.0.0/8;\nallow ::1;\ndeny all;\n");
}
END_TEST

START_TEST(renders_redis_conf) {
  auto url = *parse_redis_url("redis://localhost:7000?db=3");
  url.password = "a \"b\\";
  const std::string text = render_redis_conf({.url = url, .run_dir = "/r", .maxmemory = "64mb"});
  for (const std::string line :
       {"bind 127.0.0.1 -::1", "port 7000", "maxmemory 64mb", "databases 19", "appendonly yes",
        "maxmemory-policy noeviction", "requirepass \"a \\\"b\\\\\"", "dir \"/r/redis\""}) {
    EXPECT_ROW(line, ("\n" + text).find("\n" + line + "\n") != std::string::npos);
  }
  // No byte of a password ends its line.
  url.password = "a\nmaxclients 7\r\t\x7f\xc3\xa9";
  const std::string bytes = render_redis_conf({.url = url, .run_dir = "/r", .maxmemory = "64mb"});
  EXPECT(bytes.ends_with("\nrequirepass \"a\\x0amaxclients 7\\x0d\\x09\\x7f\xc3\xa9\"\n"));
  const auto socket = *parse_redis_url("redis+unix://me:p%40ss@/s");
  const std::string other =
      render_redis_conf({.url = socket, .run_dir = "/r", .maxmemory = "64mb"});
  EXPECT(other.starts_with("port 0\nunixsocket \"/s\"\nunixsocketperm 600\n"));
  EXPECT(other.ends_with("user default off\nuser me on \">p@ss\" ~* &* +@all\n"));
}
END_TEST

// What is written is read as the same place.
START_TEST(writes_a_url_with_its_password) {
  for (const char* text : {"redis://127.0.0.1:6379/0", "redis://me@x:p@ss:w/2@h:1/3", "unix:/a/b",
                           "unix://:p w@/a%20b?db=2", "redis://:%25@[::1]:7000"}) {
    const auto url = parse_redis_url(text);
    EXPECT_ROW(text, url.ok());
    const auto again = parse_redis_url(url_with_password(*url));
    EXPECT_ROW(text, again.ok() && *again == *url);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("ctl settings", every_default_is_a_value, checks_each_setting, reads_ports,
           reads_addresses, reads_networks, reads_origins, renders_nginx_conf,
           renders_the_catalogue, renders_redis_conf, writes_a_url_with_its_password)
