#include "ctl/diagnosis.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::ctl;

namespace {

constexpr auto kOk = Verdict::kOk;
constexpr auto kWarn = Verdict::kWarn;
constexpr auto kFail = Verdict::kFail;

struct InfoRow {
  std::string_view info;
  Verdict verdict;
  std::string_view part;  // of the text
};

void judge_each(std::span<const InfoRow> rows, Finding (*judge)(const Info&)) {
  for (const InfoRow& row : rows) {
    const Finding finding = judge(parse_info(row.info));
    EXPECT_EQ_ROW(row.info, finding.verdict, row.verdict);
    EXPECT_ROW(finding.text, finding.text.find(row.part) != std::string::npos);
  }
}

START_TEST(reads_info) {
  const Info info = parse_info("# Server\r\nredis_version:7.0.15\r\n\r\nx:a:b\r\nnoise\r\nlast:1");
  EXPECT_EQ(info_value(info, "redis_version"), "7.0.15");
  EXPECT_EQ(info_value(info, "x"), "a:b");
  EXPECT_EQ(info_value(info, "last"), "1");
  EXPECT_EQ(info_value(info, "noise"), "");
  EXPECT_EQ(info.size(), 3U);
}
END_TEST

START_TEST(judges_versions) {
  constexpr InfoRow kRows[] = {
      {"redis_version:7.0.15", kOk, "Redis 7.0.15"},
      {"redis_version:6.2.0", kOk, "Redis 6.2.0"},
      {"redis_version:8.0", kOk, "Redis 8.0"},
      {"redis_version:6.0.16", kFail, "too old"},
      {"redis_version:5.0.14", kFail, "too old"},
      {"redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.1.0", kOk, "Valkey 8.1.0"},
      {"redis_version:unstable", kWarn, "did not say"},
      {"", kWarn, "did not say"},
  };
  judge_each(kRows, judge_version);
}
END_TEST

START_TEST(judges_roles) {
  constexpr InfoRow kRows[] = {
      {"role:master\nconnected_slaves:0", kOk, "0 replicas"},
      {"role:master\nconnected_slaves:1", kOk, "1 replica"},
      {"role:slave\nmaster_host:10.0.0.1\nmaster_port:6379", kFail, "10.0.0.1:6379"},
      {"", kWarn, "did not say"},
  };
  judge_each(kRows, judge_role);
}
END_TEST

START_TEST(judges_memory) {
  constexpr InfoRow kRows[] = {
      {"maxmemory_policy:noeviction\nmaxmemory:0\nused_memory:5", kWarn, "set maxmemory"},
      {"maxmemory_policy:noeviction\nmaxmemory:104857600\nused_memory:1048576", kOk,
       "1 MB of 100 MB used"},
      {"maxmemory_policy:noeviction\nmaxmemory:104857600\nused_memory:99614720", kWarn,
       "95 MB of 100 MB"},
      {"maxmemory_policy:allkeys-lru\nmaxmemory:104857600\nused_memory:5", kFail, "allkeys-lru"},
      {"maxmemory_policy:volatile-ttl\nmaxmemory:1\nused_memory:5", kFail, "volatile-ttl"},
      {"maxmemory_policy:allkeys-lru\nmaxmemory:0\nused_memory:5", kWarn, "without effect"},
      {"maxmemory_policy:noeviction\nmaxmemory:-1\nused_memory:5", kWarn, "did not say"},
      {"maxmemory:0", kWarn, "did not say"},
      {"", kWarn, "did not say"},
  };
  judge_each(kRows, judge_memory);
}
END_TEST

START_TEST(judges_persistence) {
  struct Row {
    std::string_view info;
    std::optional<std::string> save;
    Verdict verdict;
    std::string_view part;
  };
  const Row rows[] = {
      {"aof_enabled:1\naof_last_write_status:ok", std::nullopt, kOk, "append-only"},
      {"aof_enabled:1\naof_last_write_status:err", "", kFail, "cannot be written"},
      {"aof_enabled:0", "3600 1 300 100", kWarn, "RDB only (save 3600 1 300 100)"},
      {"aof_enabled:0\nrdb_last_bgsave_status:err", "3600 1", kFail, "failed"},
      {"aof_enabled:0", "", kFail, "none"},
      {"aof_enabled:0", std::nullopt, kWarn, "CONFIG is forbidden"},
      {"", "", kWarn, "did not say"},
  };
  for (const Row& row : rows) {
    const Finding finding = judge_persistence(parse_info(row.info), row.save);
    EXPECT_EQ_ROW(row.info, finding.verdict, row.verdict);
    EXPECT_ROW(finding.text, finding.text.find(row.part) != std::string::npos);
  }
}
END_TEST

START_TEST(judges_the_output_buffer) {
  struct Row {
    std::optional<std::string> limits;
    Verdict verdict;
    std::string_view part;
  };
  const Row rows[] = {
      {"normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", kOk,
       "at once 32 MB, for 60 s 8 MB"},
      {"pubsub 0 0 0", kOk, "no limit"},
      {"pubsub 1048576 0 60", kWarn, "at once 1 MB"},
      {"pubsub 33554432 1000 60", kWarn, "for 60 s 0 kB"},
      {"pubsub 1 2", kWarn, "no part"},
      {"pubsub a b c", kWarn, "cannot be read"},
      {"", kWarn, "no part"},
      {std::nullopt, kWarn, "CONFIG is forbidden"},
  };
  for (const Row& row : rows) {
    const Finding finding = judge_pubsub_buffer(row.limits);
    EXPECT_EQ_ROW(row.limits.value_or("-"), finding.verdict, row.verdict);
    EXPECT_ROW(finding.text, finding.text.find(row.part) != std::string::npos);
  }
}
END_TEST

START_TEST(judges_the_clock) {
  EXPECT_EQ(judge_clock(0).verdict, kOk);
  EXPECT_EQ(judge_clock(-99).text, "Redis' clock and this machine's agree");
  EXPECT_EQ(judge_clock(1200).text, "Redis' clock is 1.2 s ahead of this machine's");
  EXPECT_EQ(judge_clock(-1200).verdict, kOk);
  EXPECT_EQ(judge_clock(-61000).verdict, kWarn);
  EXPECT(judge_clock(-61000).text.starts_with("Redis' clock is 61.0 s behind this machine's:"));
}
END_TEST

START_TEST(judges_streams) {
  EXPECT_EQ(judge_stream({"s", false, {}, 0}).verdict, kWarn);
  EXPECT_EQ(judge_stream({"s", true, {}, 0}).verdict, kWarn);
  EXPECT_EQ(judge_stream({"s", true, {{"g", 0, 0}}, 0}).text, "s: group g, 0 pending, 0 waiting");
  EXPECT_EQ(judge_stream({"s", true, {{"g", 2, std::nullopt}, {"h", 0, 7}}, 0}).text,
            "s: group g, 2 pending; group h, 0 pending, 7 waiting");
  const Finding dead = judge_stream({"s t", true, {{"g", 0, 0}}, 1});
  EXPECT_EQ(dead.verdict, kWarn);
  EXPECT(dead.text.ends_with("1 dead letter: notifyctl dead list 's t'"));
}
END_TEST

START_TEST(reads_side_keys) {
  struct Row {
    std::string_view key;
    bool ok;
    std::string_view stream;
    std::string_view consumer;
  };
  constexpr Row kRows[] = {
      {"notify:{test_stream}:lease:worker-1", true, "test_stream", "worker-1"},
      {"notify:{a:b}:lease:w", true, "a:b", "w"},
      {"notify:{t}:x{t}y:lease:w", true, "x{t}y", "w"},
      {"notify:{t}:{t}:s:dead", true, "{t}:s", ""},
      {"notify:{s}:mark:group", true, "s", ""},
      {"notify:{s}:dead", true, "s", ""},
      {"notify:{s}:due", false, "", ""},
      {"notify:{s}:idem:00", false, "", ""},
      {"notify:{s}:deadly", false, "", ""},
      {"notify:budget:{00}", false, "", ""},
      {"notify:{:dead", false, "", ""},
      {"notify:{}:dead", false, "", ""},
      {"notify:{", false, "", ""},
      {":lease:w", false, "", ""},
      {"", false, "", ""},
  };
  for (const Row& row : kRows) {
    const auto key = parse_side_key(row.key);
    EXPECT_ROW(row.key, key.has_value() == row.ok);
    EXPECT_EQ_ROW(row.key, key ? key->stream : "", row.stream);
    EXPECT_EQ_ROW(row.key, key ? key->consumer : "", row.consumer);
  }
}
END_TEST

START_TEST(counts_our_programs) {
  const Programs programs = count_programs(
      "id=1 addr=127.0.0.1:1 name=nginx-notify:commands:10 db=0\n"
      "id=2 addr=127.0.0.1:2 name=nginx-notify:bells:10 db=0\n"
      "id=3 addr=127.0.0.1:3 name=nginx-notify:commands:11 db=0\n"
      "id=4 addr=127.0.0.1:4 name=notify-worker db=0\n"
      "id=5 addr=127.0.0.1:5 name=notify-worker-read db=0\n"
      "id=6 addr=127.0.0.1:6 name= db=0\n");
  EXPECT_EQ(programs.nginx_workers, 2);
  EXPECT_EQ(programs.notify_workers, 1);
  EXPECT_EQ(count_programs("").nginx_workers, 0);
  EXPECT_EQ(judge_nginx(programs).text, "2 workers connected");
  EXPECT_EQ(judge_nginx(Programs{}).verdict, kWarn);
  EXPECT_EQ(judge_nginx(std::nullopt).verdict, kWarn);
}
END_TEST

START_TEST(judges_workers) {
  const Programs some{1, 1};
  EXPECT(judge_workers({}, true, some).text.find("SLACK_WEBHOOK_URL") != std::string::npos);
  EXPECT(judge_workers({}, true, Programs{}).text.starts_with("none holds"));
  EXPECT(judge_workers({}, true, std::nullopt).text.starts_with("none holds"));
  EXPECT(judge_workers({}, false, some).text.find("not all keys") != std::string::npos);
  EXPECT_EQ(judge_workers({}, true, some).verdict, kWarn);
  const SideKey one[] = {{"s", "w1"}};
  EXPECT_EQ(judge_workers(one, true, some).text, "holds 1 consumer name: w1 of s");
  const std::vector<SideKey> many(6, {"s", "w"});
  EXPECT_EQ(judge_workers(many, true, std::nullopt).text,
            "holds 6 consumer names: w of s, w of s, w of s, w of s, …");
}
END_TEST

START_TEST(judges_credentials) {
  EXPECT_EQ(judge_credentials("run/credentials.env", std::nullopt).verdict, kOk);
  EXPECT_EQ(judge_credentials("run/credentials.env", 0100600).verdict, kOk);
  EXPECT_EQ(judge_credentials("run/credentials.env", 0100640).verdict, kWarn);
  EXPECT_EQ(judge_credentials("run/credentials.env", 0100604).verdict, kWarn);
}
END_TEST

START_TEST(judges_secrets) {
  const auto none = judge_secrets({});
  EXPECT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].verdict, kOk);
  const SecretFact good[] = {{"API_TOKEN", ""}, {"JWT_SECRET", ""}};
  const auto fine = judge_secrets(good);
  EXPECT_EQ(fine.size(), 1U);
  EXPECT_EQ(fine[0].verdict, kOk);
  EXPECT_EQ(fine[0].text, "neither short nor well known: API_TOKEN, JWT_SECRET");
  const SecretFact weak[] = {{"A", "it is well known"}, {"B", ""}, {"C", "it has 3 letters"}};
  const auto warned = judge_secrets(weak);
  EXPECT_EQ(warned.size(), 2U);
  EXPECT_EQ(warned[1].verdict, kWarn);
  EXPECT(warned[0].text.starts_with("A: it is well known; set one"));
  EXPECT(warned[1].text.starts_with("C: "));
}
END_TEST

START_TEST(sums_up) {
  const Finding ok{kOk, "a", "b"};
  const Finding warn{kWarn, "a", "b"};
  const Finding fail{kFail, "output buffer", "b"};
  EXPECT_EQ(exit_status({}), 0);
  EXPECT_EQ(exit_status(std::vector{ok, ok}), 0);
  EXPECT_EQ(exit_status(std::vector{warn, ok}), 1);
  EXPECT_EQ(exit_status(std::vector{warn, fail, ok}), 2);
  EXPECT_EQ(finding_line(ok), "ok    a             b");
  EXPECT_EQ(finding_line(warn), "warn  a             b");
  EXPECT_EQ(finding_line(fail), "FAIL  output buffer b");
}
END_TEST

}  // namespace

CHECK_MAIN("ctl diagnosis", reads_info, judges_versions, judges_roles, judges_memory,
           judges_persistence, judges_the_output_buffer, judges_the_clock, judges_streams,
           reads_side_keys, counts_our_programs, judges_workers, judges_credentials, judges_secrets,
           sums_up)
