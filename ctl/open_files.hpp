#pragma once

#include <string>

#include "ctl/openness.hpp"
#include "ctl/settings.hpp"

namespace notify::ctl {

// The configuration that nginx runs with: `path`, or where that is empty RUN_DIR/nginx.conf, else
// /etc/nginx/nginx.conf. An error names the file.
Result<Openness> read_openness(const Settings& settings, const std::string& path);

}  // namespace notify::ctl
