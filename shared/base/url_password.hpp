#pragma once

#include <string_view>

namespace notify {

// Has this URL of a Redis or a database a password in it? For what stands on a command line, where
// every user of the machine can read it (/proc/PID/cmdline). Whether the URL is one at all does not
// matter: what only looks like a password is taken for one.
bool url_has_password(std::string_view url);

}  // namespace notify
