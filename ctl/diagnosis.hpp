#pragma once

// What `notifyctl doctor` thinks of what it found: values in, verdicts out. Pure.
//
// fail: something that the product promises will not hold. warn: it holds, but less well than it
// could, or it could not be checked. Each text says what to do about it.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::ctl {

enum class Verdict { kOk, kWarn, kFail };

struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string subject;
  std::string text;
};

// 0 all ok, 1 warnings, 2 failures.
int exit_status(std::span<const Finding> findings);
// "ok    version       7.0.15", aligned; one line.
std::string finding_line(const Finding& finding);

// The lines `name:value` of Redis' INFO.
using Info = std::map<std::string, std::string, std::less<>>;
Info parse_info(std::string_view text);
std::string_view info_value(const Info& info, std::string_view name);  // empty if it is not there

Finding judge_version(const Info& info);
Finding judge_role(const Info& info);
Finding judge_memory(const Info& info);
// open: it answers who gives no password. nullopt: it could not be asked.
Finding judge_password(bool is_unix, std::optional<bool> open);
// `save`: the value of that setting; nullopt where CONFIG is forbidden.
Finding judge_persistence(const Info& info, const std::optional<std::string>& save);
// The value of client-output-buffer-limit: "normal 0 0 0 slave … pubsub 33554432 8388608 60".
Finding judge_pubsub_buffer(const std::optional<std::string>& limits);
// Redis' clock minus this machine's.
Finding judge_clock(std::int64_t difference_ms);

// One stream's groups and dead letters.
struct GroupFacts {
  std::string name;
  std::int64_t pending = 0;
  std::optional<std::int64_t> lag;  // Redis 7 and later, where it knows
};
struct StreamFacts {
  std::string name;
  bool exists = false;
  std::vector<GroupFacts> groups;
  std::int64_t dead = 0;
};
Finding judge_stream(const StreamFacts& stream);

// What a key beside a stream tells (schema.hpp): that the stream is, or was, worked on.
struct SideKey {
  std::string stream;
  std::string consumer;  // of notify:{S}:lease:<name>: a worker holds this name; else empty

  auto operator<=>(const SideKey&) const = default;
};
// Of notify:{S}:lease:<name>, notify:{S}:mark:<group> and notify:{S}:dead; else nullopt.
std::optional<SideKey> parse_side_key(std::string_view key);

// Our programs that are connected to Redis, by the names that their connections bear.
struct Programs {
  std::int64_t nginx_workers = 0;
  std::int64_t notify_workers = 0;
};
// Of the lines of CLIENT LIST.
Programs count_programs(std::string_view client_list);
// nullopt: CLIENT LIST is forbidden.
Finding judge_nginx(const std::optional<Programs>& programs);

// `leases`: those with a consumer. complete: false where the search was given up, since Redis holds
// too many keys or forbids it.
Finding judge_workers(std::span<const SideKey> leases, bool complete,
                      const std::optional<Programs>& programs);

// A secret that is set, and why somebody would guess it; empty: nobody does.
struct SecretFact {
  std::string name;  // of its setting
  std::string weakness;
};
// A warning for each weak one, else one line.
std::vector<Finding> judge_secrets(std::span<const SecretFact> secrets);

// credentials.env: nullopt where there is no such file.
Finding judge_credentials(const std::string& path, std::optional<unsigned> mode);

}  // namespace notify::ctl
