#pragma once

// The catalogue's side of the contract on Redis. SQL is its state; what stands here is what nginx
// has to know of it, and what is on its way.
//
//   notify:{catalog}:clients      hash: name of each active client, in lower case → the SHA-256 of
//                                 its API key, in lower-case hexadecimal. `:database` and
//                                 `:revision` (no name holds a colon) say of which state it is.
//                                 `<client>:<user>` → `-`: this user was deactivated.
//   notify:{catalog}:acks         stream of what was acknowledged elsewhere than at the catalogue:
//                                 fields `stream` and `id`, one entry for each. Its group is
//                                 `catalog`; what was taken is deleted.
//   notify:{catalog}:withdrawn    sorted set of sends that were refused while the database was
//                                 away, by request's id and time in ms: not to be sent by who finds
//                                 one in the outbox. Who has withdrawn one takes it out.
//   notify:{catalog}:sweep:<env>  string: which worker of an APP_ENV looks for its requests whose
//                                 entries are gone (a lease)
//   notify:{<provider>}:outgoing  stream of what goes out through a provider, by its id; its group
//                                 is `catalog`, its side keys are those of any stream
//
// A user's stream is `<env>:notiq:notifications:<client>:<user>`, with APP_ENV and the client's
// name in lower case; its group is `<env>:notiq:notification_group`. An entry has the fields
// `message`, `timestamp` and `request`, which is the id of the catalogue's row.

#include <string>
#include <string_view>

#include "shared/redis/schema.hpp"

namespace notify::redis {

namespace scripts {
extern const Script catalog_clients;
extern const Script catalog_gone;
extern const Script catalog_overflow;
extern const Script catalog_withdraw;
}  // namespace scripts

inline constexpr std::string_view kCatalogClients = "notify:{catalog}:clients";
inline constexpr std::string_view kUserShutOut = "-";  // in it; nginx: member_watch.cpp
inline constexpr std::string_view kCatalogAcks = "notify:{catalog}:acks";
inline constexpr std::string_view kCatalogGroup = "catalog";
inline constexpr std::string_view kUsersStreams = ":notiq:notifications:";  // after APP_ENV
inline constexpr std::string_view kCatalogWithdrawn = "notify:{catalog}:withdrawn";

// What stands under a publication's idempotency key instead of an entry's id where it is not to be
// published any more.
inline constexpr std::string_view kWithdrawnMark = "-";

std::string provider_stream(std::string_view provider_id);
std::string user_stream(std::string_view app_env, std::string_view client, std::string_view user);
std::string users_group(std::string_view app_env);
std::string sweep_lease(std::string_view app_env);

}  // namespace notify::redis
