// Asks Redis and the machine for facts; diagnosis.cpp judges them. Read-only, but for one message
// on a Pub/Sub channel of its own.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "ctl/commands.hpp"
#include "ctl/diagnosis.hpp"
#include "ctl/entries.hpp"
#include "ctl/open_files.hpp"
#include "ctl/redis_place.hpp"
#include "shared/auth/weak_password.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/secret.hpp"
#include "shared/model/stream_name.hpp"

namespace notify::ctl {
namespace {

// Keys are looked through for so long; a large Redis has more of them than anybody waits for.
constexpr std::int64_t kSearchMs = 2000;
constexpr std::size_t kMaxStreams = 50;

std::optional<std::string> config_value(RedisClient& client, std::string_view name) {
  const auto reply = client.ask({"CONFIG", "GET", name});
  if (!reply || reply->view().size() < 2) {
    return std::nullopt;
  }
  return std::string(reply->view()[1].text());
}

Finding check_clock(RedisClient& client) {
  const std::int64_t before = unix_ms();
  const auto reply = client.ask({"TIME"});
  const std::int64_t after = unix_ms();
  if (!reply || reply->view().size() < 2) {
    return {Verdict::kWarn, "clock", "Redis did not say its time"};
  }
  const std::int64_t theirs =
      reply->view()[0].integer().value_or(0) * 1000 + reply->view()[1].integer().value_or(0) / 1000;
  return judge_clock(theirs - (before + after) / 2);
}

Finding check_scripts(RedisClient& client) {
  const auto reply = client.call({"EVAL", "return redis.call('PING')", "0"});
  return reply ? Finding{Verdict::kOk, "scripts", "allowed"}
               : Finding{Verdict::kFail, "scripts", reply.error().message};
}

// By the road that a publish takes to nginx: an ACL may close it without a word elsewhere.
Finding check_bells(const RedisUrl& url, RedisClient& client) {
  constexpr const char* kSubject = "bells";
  const std::string channel = "notify:probe:doctor-" + std::to_string(getpid());
  auto listener = RedisClient::connect(url);
  if (!listener) {
    return {Verdict::kFail, kSubject, listener.error().message};
  }
  if (const auto subscribed = listener->call({"SUBSCRIBE", channel}); !subscribed) {
    return {Verdict::kFail, kSubject, "SUBSCRIBE: " + subscribed.error().message};
  }
  const std::int64_t begun = unix_us();
  if (const auto rung = client.call({"PUBLISH", channel, "1"}); !rung) {
    return {Verdict::kFail, kSubject, "PUBLISH: " + rung.error().message};
  }
  if (const auto heard = listener->receive(); !heard) {
    return {Verdict::kFail, kSubject, "a message that was published did not arrive"};
  }
  char text[64];
  std::snprintf(text, sizeof text, "heard after %.2f ms",
                static_cast<double>(unix_us() - begun) / 1000.0);
  return {Verdict::kOk, kSubject, text};
}

// Fills `found`; false where the time was over first.
bool find_side_keys(RedisClient& client, std::vector<SideKey>& found) {
  const std::int64_t end = monotonic_ms() + kSearchMs;
  std::string cursor = "0";
  do {
    const auto reply = client.ask({"SCAN", cursor, "MATCH", "notify:{*", "COUNT", "2000"});
    if (!reply || reply->view().size() < 2) {
      return false;
    }
    cursor = reply->view()[0].text();
    const redis::Reply keys = reply->view()[1];
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (auto side_key = parse_side_key(keys[i].text())) {
        found.push_back(std::move(*side_key));
      }
    }
  } while (cursor != "0" && monotonic_ms() < end);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());  // SCAN may repeat itself
  return cursor == "0";
}

Finding check_stream(RedisClient& client, const std::string& name) {
  StreamFacts facts{name, false, {}, 0};
  const auto groups = client.ask({"EVAL", redis::scripts::backlog.source, "1", name});
  if (groups && groups->view().error_code() == "WRONGTYPE") {
    return {Verdict::kFail, "stream", name + ": the key is there, but it is no stream"};
  }
  facts.exists = groups && groups->view().is_array();
  for (std::size_t i = 1; facts.exists && i < groups->view().size(); ++i) {
    const redis::Reply group = groups->view()[i];
    const std::int64_t lag = group[3].integer().value_or(-1);
    facts.groups.push_back({std::string(group[0].text()), group[2].integer().value_or(0),
                            lag < 0 ? std::nullopt : std::optional(lag)});
  }
  if (const auto dead = client.ask({"XLEN", redis::side_key(name, "dead")})) {
    facts.dead = dead->view().integer().value_or(0);
  }
  return judge_stream(facts);
}

Finding check_credentials(const Settings& settings) {
  struct stat status = {};
  const std::string path = settings.credentials_path();
  const bool there = stat(path.c_str(), &status) == 0;
  return judge_credentials(path, there ? std::optional<unsigned>(status.st_mode) : std::nullopt);
}

// The superuser's password may be told as env:NAME or file:PATH.
SecretFact check_admin_password(const Settings& settings, const std::string& value) {
  constexpr const char* kName = "NOTIQ_ADMIN_PASSWORD";
  const auto password = resolve_secret(value);
  if (!password) {
    return {kName, password.error().message};
  }
  const auto user = find_setting(settings, "NOTIQ_ADMIN_USERNAME").value_or("admin");
  return {kName, std::string(password_weakness(user, *password))};
}

std::vector<Finding> check_secrets(const Settings& settings) {
  std::vector<SecretFact> secrets;
  if (const auto password = find_secret(settings, "NOTIQ_ADMIN_PASSWORD")) {
    secrets.push_back(check_admin_password(settings, *password));
  }
  for (const char* name :
       {"API_TOKEN", "BEARER_TOKEN", "JWT_SECRET", "SLACK_SIGNING_SECRET", "REDIS_PASSWORD"}) {
    if (const auto key = find_secret(settings, name)) {
      secrets.push_back({name, std::string(key_weakness(*key))});
    }
  }
  if (const auto url = parse_redis_url(settings.redis_url); url && !url->password.empty()) {
    secrets.push_back({"REDIS_URL's password", std::string(key_weakness(url->password))});
  }
  return judge_secrets(secrets);
}

// Asks as one who has none.
Finding check_password(const RedisUrl& url) {
  RedisUrl without = url;
  without.user.clear();
  without.password.clear();
  without.db = 0;
  if (url.is_unix()) {
    return judge_password(true, std::nullopt);
  }
  const auto client = RedisClient::connect(without);
  if (client) {
    return judge_password(false, true);
  }
  const bool wanted = client.error().kind == ErrorKind::kUnauthorized;
  return judge_password(false, wanted ? std::optional(false) : std::nullopt);
}

class Report {
 public:
  // Each line as soon as it is known: the last one shows where something hangs.
  void add(Finding finding) {
    std::printf("%s\n", finding_line(finding).c_str());
    std::fflush(stdout);
    findings_.push_back(std::move(finding));
  }
  [[nodiscard]] int status() const { return exit_status(findings_); }

 private:
  std::vector<Finding> findings_;
};

void examine_server(const RedisUrl& url, RedisClient& client, Report& report) {
  Info info;
  if (const auto reply = client.ask({"INFO"}); reply && !reply->view().is_error()) {
    info = parse_info(reply->view().text());
  }
  report.add(judge_version(info));
  report.add(judge_role(info));
  report.add(judge_memory(info));
  report.add(check_password(url));
  report.add(judge_persistence(info, config_value(client, "save")));
  report.add(judge_pubsub_buffer(config_value(client, "client-output-buffer-limit")));
  report.add(check_clock(client));
  report.add(check_scripts(client));
  report.add(check_bells(url, client));
}

void examine_openness(const Settings& settings, const DoctorOptions& options, Report& report) {
  const auto openness = read_openness(settings, options.nginx_conf);
  if (!openness) {
    const std::string text = openness.error().message + ": doctor cannot say what nginx opens";
    return report.add({options.nginx_conf.empty() ? Verdict::kOk : Verdict::kFail, "listens",
                       text + (options.nginx_conf.empty() ? " (--nginx-conf says where)" : "")});
  }
  for (Finding& finding : judge_openness(*openness)) {
    report.add(std::move(finding));
  }
}

void examine_streams(const DoctorOptions& options, RedisClient& client, Report& report) {
  std::vector<SideKey> found;
  const bool complete = find_side_keys(client, found);
  std::vector<SideKey> leases;
  std::copy_if(found.begin(), found.end(), std::back_inserter(leases),
               [](const SideKey& key) { return !key.consumer.empty(); });
  std::optional<Programs> programs;
  if (const auto reply = client.ask({"CLIENT", "LIST"}); reply && !reply->view().is_error()) {
    programs = count_programs(reply->view().text());
  }
  report.add(judge_nginx(programs));
  report.add(judge_workers(leases, complete, programs));
  std::vector<std::string> streams = options.streams;
  const std::size_t limit = std::max(kMaxStreams, streams.size());
  for (const SideKey& key : found) {
    if (streams.size() < limit &&
        std::find(streams.begin(), streams.end(), key.stream) == streams.end()) {
      streams.push_back(key.stream);
    }
  }
  for (const std::string& stream : streams) {
    report.add(check_stream(client, stream));
  }
}

// What `make run` prints when it starts.
int tell_openness(const Settings& settings, const DoctorOptions& options) {
  const auto openness = read_openness(settings, options.nginx_conf);
  if (!openness) {
    complain(openness.error().message);
    return kExitFailed;
  }
  std::printf("%s\n", open_line(*openness).c_str());
  return kExitDone;
}

}  // namespace

int doctor(const Settings& settings, const DoctorOptions& options) {
  if (options.open) {
    return tell_openness(settings, options);
  }
  for (const std::string& stream : options.streams) {
    if (const auto checked = check_stream_name(stream); !checked) {
      complain(checked.error().message);
      return kExitUsage;
    }
  }
  Report report;
  report.add(check_credentials(settings));
  for (Finding& finding : check_secrets(settings)) {
    report.add(std::move(finding));
  }
  examine_openness(settings, options, report);
  const auto url = find_redis(settings);
  const std::int64_t begun = unix_us();
  auto client = url ? RedisClient::connect(*url) : Result<RedisClient>(url.error());
  if (!client) {
    report.add({Verdict::kFail, "redis", client.error().message});
    return report.status();
  }
  char text[64];
  std::snprintf(text, sizeof text, " answers after %.1f ms",
                static_cast<double>(unix_us() - begun) / 1000.0);
  report.add({Verdict::kOk, "redis", client->server() + text});
  examine_server(*url, *client, report);
  examine_streams(options, *client, report);
  return report.status();
}

}  // namespace notify::ctl
