#pragma once

// Files of RUN_DIR.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::ctl {

// Written whole or not at all: another one of that name, or a link, is replaced and not followed.
// The error begins with RUN_DIR, the setting that says where.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode = 0640);

}  // namespace notify::ctl
