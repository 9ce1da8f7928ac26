#pragma once

// Notifications that wait for somebody: their side of the contract on Redis. One is an entry of the
// stream <env>_stream with a button; its id is the entry's, `<ms>`, or `<ms>-<seq>` where seq is
// not 0.
//
//   pending_notifications:<env>      sorted set: id → when its next reminder is due (s since 1970)
//   notification_meta:<id>           hash, from the first attempt to deliver it until it is
//                                    resolved. For everybody: thread_ts, recipient, template,
//                                    status, reminder_sent_count, last_reminder_sent_time (s).
//                                    For us: environment, channel, main_text, sub_text; stream,
//                                    group and entry (where it came from); waiting (the set above)
//                                    and notices (the stream below); notice (id of the last
//                                    reminder there)
//   notify:{<env>_stream}:notices    stream of what is to be said about them: `kind` (reminder,
//                                    resolved), `notification`, then the hash as it was. Its group
//                                    is `notices`; about 10,000 are kept
//   notify:slack:actions             stream of clicks that nobody has looked at: `notification`,
//                                    `action`, `user`, `channel`, `ts`, `response_url`
//
// The names of the first two are a contract with older programs, and lie in slots of their own: in
// a Redis Cluster these scripts cannot run.

#include <string>
#include <string_view>

#include "shared/model/entry_id.hpp"
#include "shared/redis/schema.hpp"

namespace notify::redis {

namespace scripts {
extern const Script remind;
extern const Script resolve;
}  // namespace scripts

inline constexpr std::string_view kNotificationMeta = "notification_meta:";
inline constexpr std::string_view kNoticesGroup = "notices";

std::string notification_id(const EntryId& id);
std::string pending_notifications(std::string_view environment);
std::string notices_stream(std::string_view stream);

}  // namespace notify::redis
