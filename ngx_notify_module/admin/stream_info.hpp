#pragma once

// What Redis tells of streams and groups (XINFO), as JSON. Members and their names are those of
// the Go client (go-redis), which the streams API's users know.

#include <optional>
#include <string>

#include "shared/redis/reply.hpp"

namespace notify {

// Of XINFO STREAM. What an older Redis does not tell is 0 or empty.
std::string stream_info_json(const redis::Reply& reply);

// Of backlog.lua: [{"consumers":…,"lag":…,"name":…,"pending":…},…]. A lag that is not known is
// -1.
std::string groups_json(const redis::Reply& reply);

}  // namespace notify
