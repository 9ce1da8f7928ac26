#include <cstdio>
#include <random>

#include "ctl/commands.hpp"
#include "ctl/pairs.hpp"
#include "ctl/redis_place.hpp"
#include "shared/model/stream_name.hpp"

namespace notify::ctl {
namespace {

// How long a repeat with the same key answers with the first id.
constexpr std::string_view kIdempotencyMs = "86400000";

// The words of scripts/publish.lua behind its keys.
std::vector<std::string> script_arguments(const PublishOptions& options, unsigned database,
                                          const std::vector<Pair>& fields) {
  std::vector<std::string> words = {
      std::to_string(options.retain), "0",
      redis::bell_channel(options.stream, static_cast<int>(database)),
      std::to_string(redis::kBellInlineLimit),
      std::string(options.idempotency_key.empty() ? "0" : kIdempotencyMs),
      // Whatever was published under the key, no replay, no request, and an id of its own.
      "", "0", "", "0", redis::id_digits(std::random_device{}())};
  for (const auto& [field, value] : fields) {
    words.push_back(field);
    words.push_back(value);
  }
  return words;
}

}  // namespace

int publish(const Settings& settings, const PublishOptions& options) {
  const auto checked = check_stream_name(options.stream);
  const auto fields = parse_pairs(options.fields, "FIELD=VALUE");
  if (!checked || !fields) {
    complain((checked ? fields.error() : checked.error()).message);
    return kExitUsage;
  }
  auto client = connect_redis(settings);
  if (!client) {
    complain(client.error().message);
    return kExitFailed;
  }
  std::vector<std::string> keys = {options.stream};
  if (!options.idempotency_key.empty()) {
    keys.push_back(redis::idempotency_key(options.stream, options.idempotency_key));
  }
  const auto words = script_arguments(options, client->database(), *fields);
  const auto reply =
      client->run(redis::scripts::publish, std::vector<std::string_view>(keys.begin(), keys.end()),
                  std::vector<std::string_view>(words.begin(), words.end()));
  if (!reply) {
    const bool unknown = reply.error().kind == ErrorKind::kUnknownOutcome;
    complain(reply.error().message + (unknown ? "; it may or may not have been published" : ""));
    return kExitFailed;
  }
  std::printf("%s\n", std::string(reply->view()[0].text()).c_str());
  if (reply->view()[1].integer() == 1) {
    complain("that idempotency key was used before; this is the id of the first time");
  }
  return kExitDone;
}

}  // namespace notify::ctl
