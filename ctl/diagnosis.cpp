#include "ctl/diagnosis.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "ctl/entry_text.hpp"
#include "shared/base/text.hpp"
#include "shared/redis/schema.hpp"

namespace notify::ctl {
namespace {

// "32 MB", "512 kB": rounded down.
std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kKilo = 1024;
  return bytes >= kKilo * kKilo ? std::to_string(bytes / kKilo / kKilo) + " MB"
                                : std::to_string(bytes / kKilo) + " kB";
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!(text = trim(text)).empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

int exit_status(std::span<const Finding> findings) {
  Verdict worst = Verdict::kOk;
  for (const Finding& finding : findings) {
    worst = std::max(worst, finding.verdict);
  }
  return static_cast<int>(worst);
}

std::string finding_line(const Finding& finding) {
  static constexpr const char* kWords[] = {"ok", "warn", "FAIL"};
  char head[64];
  std::snprintf(head, sizeof head, "%-4s  %-13s ", kWords[static_cast<int>(finding.verdict)],
                finding.subject.c_str());
  return head + finding.text;
}

Info parse_info(std::string_view text) {
  Info info;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && line.front() != '#') {
      info.emplace(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  return info;
}

std::string_view info_value(const Info& info, std::string_view name) {
  const auto found = info.find(name);
  return found == info.end() ? std::string_view() : std::string_view(found->second);
}

Finding judge_version(const Info& info) {
  // Valkey tells its own version, and as redis_version the one that it is compatible with.
  const bool valkey = info_value(info, "server_name") == "valkey";
  const std::string own(info_value(info, valkey ? "valkey_version" : "redis_version"));
  const std::string compatible(info_value(info, "redis_version"));
  unsigned major = 0;
  unsigned minor = 0;
  if (std::sscanf(compatible.c_str(), "%u.%u", &major, &minor) != 2) {
    return {Verdict::kWarn, "version", "Redis did not say its version; 6.2 or later is needed"};
  }
  const std::string name = (valkey ? "Valkey " : "Redis ") + own;
  if (major < 6 || (major == 6 && minor < 2)) {
    return {Verdict::kFail, "version", name + " is too old: 6.2 or later is needed"};
  }
  return {Verdict::kOk, "version", name};
}

Finding judge_role(const Info& info) {
  const std::string_view role = info_value(info, "role");
  if (role == "slave") {
    return {Verdict::kFail, "role",
            "this is a replica, which takes no writes: REDIS_URL must name the primary (" +
                std::string(info_value(info, "master_host")) + ":" +
                std::string(info_value(info, "master_port")) + ")"};
  }
  if (role.empty()) {
    return {Verdict::kWarn, "role", "Redis did not say whether it is a primary"};
  }
  return {Verdict::kOk, "role",
          "primary with " +
              counted(parse_i64(info_value(info, "connected_slaves")).value_or(0), "replica")};
}

Finding judge_memory(const Info& info) {
  const std::string policy(info_value(info, "maxmemory_policy"));
  const auto limit = parse_u64(info_value(info, "maxmemory"));
  const auto used = parse_u64(info_value(info, "used_memory"));
  if (policy.empty() || !limit || !used) {
    return {Verdict::kWarn, "memory", "Redis did not say its maxmemory-policy; set noeviction"};
  }
  const std::string usage =
      *limit == 0 ? "no limit" : megabytes(*used) + " of " + megabytes(*limit) + " used";
  if (policy != "noeviction") {
    const std::string text = "maxmemory-policy is " + policy;
    return *limit == 0 ? Finding{Verdict::kWarn, "memory",
                                 text + ", without effect while maxmemory is 0; set noeviction"}
                       : Finding{Verdict::kFail, "memory",
                                 text + ": Redis may throw streams away; set noeviction"};
  }
  if (*limit != 0 && *used / 9 >= *limit / 10) {
    return {Verdict::kWarn, "memory",
            "noeviction, but " + usage + ": at the limit publishing fails"};
  }
  if (*limit == 0) {
    return {Verdict::kWarn, "memory",
            "noeviction, no limit: Redis may take all memory of its machine; set maxmemory"};
  }
  return {Verdict::kOk, "memory", "noeviction, " + usage};
}

Finding judge_password(bool is_unix, std::optional<bool> open) {
  constexpr const char* kSubject = "password";
  if (is_unix) {
    return {Verdict::kOk, kSubject, "a Unix socket: its mode says who may connect"};
  }
  if (!open) {
    return {Verdict::kWarn, kSubject, "cannot tell whether Redis wants one"};
  }
  return *open ? Finding{Verdict::kWarn, kSubject,
                         "none: anyone who reaches this Redis can read and change everything; "
                         "set requirepass, and REDIS_PASSWORD here"}
               : Finding{Verdict::kOk, kSubject, "wanted: Redis refuses connections without it"};
}

Finding judge_persistence(const Info& info, const std::optional<std::string>& save) {
  const std::string_view aof = info_value(info, "aof_enabled");
  if (aof.empty()) {
    return {Verdict::kWarn, "persistence", "Redis did not say; set appendonly yes"};
  }
  if (info_value(info, "aof_enabled") == "1") {
    if (info_value(info, "aof_last_write_status") == "err") {
      return {Verdict::kFail, "persistence",
              "the append-only file cannot be written: is the disk full?"};
    }
    return {Verdict::kOk, "persistence", "append-only file"};
  }
  if (!save) {
    return {Verdict::kWarn, "persistence",
            "no append-only file, and CONFIG is forbidden: cannot tell whether it saves (RDB)"};
  }
  if (trim(*save).empty()) {
    return {Verdict::kFail, "persistence",
            "none: a restart of Redis loses every stream; set appendonly yes"};
  }
  if (info_value(info, "rdb_last_bgsave_status") == "err") {
    return {Verdict::kFail, "persistence", "the last save (RDB) failed: is the disk full?"};
  }
  return {Verdict::kWarn, "persistence",
          "RDB only (save " + *save + "): a crash loses what came since; set appendonly yes"};
}

Finding judge_pubsub_buffer(const std::optional<std::string>& limits) {
  constexpr std::uint64_t kEnough = 8 * 1024 * 1024;
  constexpr const char* kSubject = "output buffer";
  if (!limits) {
    return {
        Verdict::kWarn, kSubject,
        "CONFIG is forbidden: cannot see client-output-buffer-limit pubsub (default 32mb 8mb 60)"};
  }
  const auto words = words_of(*limits);
  const auto pubsub = std::find(words.begin(), words.end(), "pubsub");
  if (words.end() - pubsub < 4) {
    return {Verdict::kWarn, kSubject, "client-output-buffer-limit has no part for pubsub"};
  }
  const auto hard = parse_u64(pubsub[1]);
  const auto soft = parse_u64(pubsub[2]);
  if (!hard || !soft) {
    return {Verdict::kWarn, kSubject, "client-output-buffer-limit cannot be read: " + *limits};
  }
  const auto shown = [](std::uint64_t bytes) {
    return bytes == 0 ? std::string("no limit") : megabytes(bytes);
  };
  const std::string text =
      "pubsub: at once " + shown(*hard) + ", for " + std::string(pubsub[3]) + " s " + shown(*soft);
  if ((*hard != 0 && *hard < kEnough) || (*soft != 0 && *soft < kEnough / 8)) {
    return {Verdict::kWarn, kSubject,
            text + ": bursts will cut nginx off for a moment; 32mb 8mb 60 is the default"};
  }
  return {Verdict::kOk, kSubject, text};
}

Finding judge_clock(std::int64_t difference_ms) {
  constexpr std::int64_t kMuch = 5000;
  constexpr std::int64_t kNothing = 100;
  const std::int64_t away = std::abs(difference_ms);
  if (away < kNothing) {
    return {Verdict::kOk, "clock", "Redis' clock and this machine's agree"};
  }
  char text[96];
  std::snprintf(text, sizeof text, "Redis' clock is %.1f s %s this machine's",
                static_cast<double>(away) / 1000.0, difference_ms > 0 ? "ahead of" : "behind");
  return {away > kMuch ? Verdict::kWarn : Verdict::kOk, "clock",
          away > kMuch ? std::string(text) + ": signatures and tokens depend on it" : text};
}

Finding judge_stream(const StreamFacts& stream) {
  const std::string name = shell_word(stream.name);
  if (!stream.exists) {
    return {Verdict::kWarn, "stream", name + ": there is no such stream yet"};
  }
  if (stream.groups.empty()) {
    return {Verdict::kWarn, "stream", name + ": no consumer group, so no worker delivers from it"};
  }
  std::string text = name + ":";
  const char* separator = " ";
  for (const GroupFacts& group : stream.groups) {
    text += separator + ("group " + shell_word(group.name)) + ", " + std::to_string(group.pending) +
            " pending" + (group.lag ? ", " + std::to_string(*group.lag) + " waiting" : "");
    separator = "; ";
  }
  if (stream.dead > 0) {
    return {Verdict::kWarn, "stream",
            text + "; " + counted(stream.dead, "dead letter") + ": notifyctl dead list " + name};
  }
  return {Verdict::kOk, "stream", text};
}

std::optional<SideKey> parse_side_key(std::string_view key) {
  constexpr std::string_view kPrefix = "notify:{";
  for (const std::string_view mark : {":lease:", ":mark:", ":dead"}) {
    const auto middle = key.rfind(mark);
    if (!key.starts_with(kPrefix) || middle == std::string_view::npos || middle <= kPrefix.size()) {
      continue;
    }
    const std::string_view suffix = key.substr(middle + 1);
    const std::string_view name = key.substr(middle + mark.size());
    if (mark.ends_with(':') == name.empty()) {
      continue;
    }
    // "S}", or "tag}:S" where S has a hash tag of its own: side_key() tells which it is.
    const std::string_view named = key.substr(kPrefix.size(), middle - kPrefix.size());
    const auto brace = named.find("}:");
    for (const std::string_view stream :
         {named.substr(0, named.size() - 1),
          named.substr(brace == std::string_view::npos ? named.size() : brace + 2)}) {
      if (!stream.empty() && redis::side_key(stream, suffix) == key) {
        return SideKey{std::string(stream), mark == ":lease:" ? std::string(name) : ""};
      }
    }
  }
  return std::nullopt;
}

Programs count_programs(std::string_view client_list) {
  Programs programs;
  while (!client_list.empty()) {
    const auto end = std::min(client_list.find('\n'), client_list.size());
    for (const std::string_view word : words_of(client_list.substr(0, end))) {
      programs.nginx_workers += word.starts_with("name=nginx-notify:commands:") ? 1 : 0;
      programs.notify_workers += word == "name=notify-worker" ? 1 : 0;
    }
    client_list.remove_prefix(std::min(end + 1, client_list.size()));
  }
  return programs;
}

Finding judge_nginx(const std::optional<Programs>& programs) {
  if (!programs) {
    return {Verdict::kWarn, "nginx", "CLIENT LIST is forbidden: cannot see who is connected"};
  }
  if (programs->nginx_workers == 0) {
    return {Verdict::kWarn, "nginx", "no nginx worker is connected to this Redis"};
  }
  return {Verdict::kOk, "nginx", counted(programs->nginx_workers, "worker") + " connected"};
}

Finding judge_workers(std::span<const SideKey> leases, bool complete,
                      const std::optional<Programs>& programs) {
  constexpr const char* kSubject = "notify-worker";
  if (leases.empty()) {
    if (!complete) {
      return {Verdict::kWarn, kSubject,
              "holds no consumer name, but not all keys of Redis could be looked at"};
    }
    if (programs && programs->notify_workers > 0) {
      return {Verdict::kWarn, kSubject,
              std::to_string(programs->notify_workers) +
                  " connected, but delivers nothing: set SLACK_WEBHOOK_URL or SLACK_BOT_TOKEN"};
    }
    return {Verdict::kWarn, kSubject, "none holds a consumer name: nothing is being delivered"};
  }
  constexpr std::size_t kShown = 4;
  std::string text =
      "holds " + counted(static_cast<std::int64_t>(leases.size()), "consumer name") + ": ";
  for (std::size_t i = 0; i < std::min(leases.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + shell_word(leases[i].consumer) + " of " +
            shell_word(leases[i].stream);
  }
  return {Verdict::kOk, "notify-worker", text + (leases.size() > kShown ? ", …" : "")};
}

std::vector<Finding> judge_secrets(std::span<const SecretFact> secrets) {
  constexpr const char* kSubject = "secrets";
  std::vector<Finding> findings;
  std::string names;
  for (const SecretFact& secret : secrets) {
    names += (names.empty() ? "" : ", ") + secret.name;
    if (!secret.weakness.empty()) {
      findings.push_back({Verdict::kWarn, kSubject,
                          secret.name + ": " + secret.weakness +
                              "; set one such as `openssl rand -hex 32` makes"});
    }
  }
  if (findings.empty()) {
    findings.push_back({Verdict::kOk, kSubject,
                        names.empty() ? "none is set where notifyctl looks"
                                      : "neither short nor well known: " + names});
  }
  return findings;
}

Finding judge_credentials(const std::string& path, std::optional<unsigned> mode) {
  if (!mode) {
    return {Verdict::kOk, "credentials", "no " + path + ": secrets come from the environment"};
  }
  if ((*mode & 077) != 0) {
    return {Verdict::kWarn, "credentials", path + " can be read by others: chmod 600"};
  }
  return {Verdict::kOk, "credentials", path};
}

}  // namespace notify::ctl
