#pragma once

// The contract on Redis, in one place: names of keys and channels, layouts of values, scripts.
//
// A stream S is a plain Redis stream under the key S: nothing is added to the name, and native
// clients read and write it. What the product adds stands beside it, in the same cluster slot:
//
//   notify:{S}:bell            Pub/Sub channel: one message per published entry (see Bell)
//   notify:{S}:idem:<sha256>   string, id that was answered to that idempotency key, and a digest
//                              of what was published (or none), with a TTL
//   notify:{S}:requests        stream, ids of requests that published (see scripts/requests.lua)
//   notify:{S}:latest          string, id of the entry that new subscribers are given, with a TTL
//   notify:{S}:due             sorted set, score = due time (ms), member = <attempts>:<entry id>
//   notify:{S}:dead            stream, dead letters (see scripts/settle-dead.lua)
//   notify:{S}:notices         stream, reminders and resolutions (schema_notices.hpp)
//   notify:{S}:lease:<name>    string, token of the worker that holds that consumer name, TTL
//   notify:budget:{<sha256>}   hash, token bucket and hold of one destination, TTL
//   notify:probe:<name>        Pub/Sub channel of one nginx worker's round-trip probe
//   notify:ready               never there: what is asked whether writes are taken (kReadinessKey)
//
// Of a work queue, the group G of S (schema_queues.hpp; G is a label there, see group_key()):
//
//   notify:{S}:mark:<G>        string, where the group begins again if it is lost
//   notify:{S}:consumers:<G>   hash, lease of each consumer name (see below)
//   notify:{S}:finished:<G>    hash, finished ids whose finisher may not have been told: id →
//   …:finished-before:<G>      `<ms> <consumer>`; the second one is the elder half (finish.lua)
//   notify:{S}:queue:<G>       Pub/Sub channel: what all nginx workers are to know (Control)
//   notify:{inflight}:<id>     set of (S, G) that have an entry of that id in flight, with a TTL
//   notify:{queues}            hash: (S, G) → <ack timeout ms> <deliveries at most>
//   notify:{queues}:alive:<w>  string, sign of life of an nginx worker that has consumers, TTL
//   notify:{queues}:keeper     string, token of the worker process that looks after them, TTL
//
// A lease is `<expires, ms by Redis' clock> <token> <limit> <received> <finished>`. The token is
// the connection's, `<w>.<random>`; who holds the name may have `limit` entries in flight; the last
// two count what this connection was given and what of it was finished.
//
// Ids. Redis begins the sequence of each millisecond at 0, so that entries of two streams often
// have the same id. publish.lua and publish-batch.lua begin it at ten digits: 1, the microsecond
// within the millisecond (000 to 999), and six random ones. Redis runs one script at a time, and
// none in less than a microsecond: while its clock runs forward no two streams of one Redis get the
// same id. Of two Redis, or after its clock was put back, two ids of one millisecond are equal once
// in 10^9. The sequence stays below 2^31, that is eight digits of an event id.
//
// If S holds a hash tag of its own (Redis Cluster specification, "Hash tags"), that tag stands
// in the braces and S follows outside them: notify:{tag}:S:bell.
// Pub/Sub knows no database: where its number is not 0 it follows the channel, as in bell@3.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/model/entry.hpp"

namespace notify::redis {

// How the names of all keys and channels above begin.
inline constexpr std::string_view kOwnKeys = "notify:";
inline constexpr std::string_view kReadinessKey = "notify:ready";

struct Script {
  std::string_view name;
  std::string_view source;
  std::string_view sha1;  // 40 hexadecimal digits, computed at build
};

// Defined by the build from scripts/*.lua, named after the file (with `_` for `-`). What a script
// takes and answers stands at its top.
namespace scripts {
// The module's.
extern const Script backlog;
extern const Script clear;
extern const Script history;
extern const Script latest;  // answer: parse_read(), too
extern const Script publish;
extern const Script publish_batch;
extern const Script read;  // answer: parse_read() of page.hpp
extern const Script status;
// Inboxes: pages by the module, acknowledgements by the catalogue as well.
extern const Script acknowledge;
extern const Script inbox;
// Work queues, by the module; overdue and sweep by the worker.
extern const Script alive;
extern const Script audit;
extern const Script claim;
extern const Script consumers;
extern const Script finish;
extern const Script inflight;
extern const Script join;
extern const Script leave;
extern const Script limit;
extern const Script overdue;
extern const Script recall;
extern const Script renew;
extern const Script requeue;
extern const Script sweep;
extern const Script take;
// The worker's.
extern const Script attempt;
extern const Script budget;
extern const Script due;
extern const Script forget;
extern const Script group;
extern const Script lease;
extern const Script mark;
extern const Script reclaim;
extern const Script redrive;
extern const Script requests;
extern const Script settle_dead;
extern const Script settle_done;
extern const Script settle_later;
}  // namespace scripts

// For the scripts that publish: six digits of a random number.
std::string id_digits(std::uint32_t random);

std::string side_key(std::string_view stream, std::string_view suffix);

// Whether that is the suffix of a key that stands beside a stream, as the list above has them, so
// that it goes with its stream. Names of streams may be any: of all that begins with `notify:{S}:`
// these alone are S's, and none of the product's own keys ends so.
bool is_side_suffix(std::string_view suffix);

// The field of an entry that holds the id of its request, where the layout is the product's. Other
// streams have it beside them.
inline constexpr std::string_view kRequestField = "request";

// Whether the stream's side keys lie in its own cluster slot. False for the few names where the
// rules of hash tags leave no way (a `}` but no tag): to be refused where Redis is a cluster.
bool shares_slot(std::string_view stream);

std::string bell_channel(std::string_view stream, int database);
std::string latest_key(std::string_view stream);
std::string requests_key(std::string_view stream);
std::string idempotency_key(std::string_view stream, std::string_view client_key);

// The message on the bell. `prev` is the id of the entry that stood last before this one (0-0 in
// an empty stream): a reader whose position is at least `prev` has missed nothing, another one
// reads the stream. A body over kBellInlineLimit stays in the stream: only the ids are rung.
//
//   1 <prev> <id> <count>\n  then <count> times  <length>:<name><length>:<value>
//   1 <prev> <id> -\n
struct Bell {
  EntryId prev;
  EntryId id;
  std::optional<Entry> entry;  // absent: read it from the stream
};
// How long an inbox is kept that nobody publishes to and no reader connects for, in ms: 90 days.
inline constexpr std::uint64_t kInboxKept = 90ULL * 24 * 3600 * 1000;

inline constexpr std::size_t kBellInlineLimit = 64 * 1024;
std::optional<Bell> parse_bell(std::string_view payload);
// Only whose bell it is: nothing behind the ids is looked at.
std::optional<EntryId> parse_bell_id(std::string_view payload);

}  // namespace notify::redis
