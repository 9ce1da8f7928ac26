#pragma once

#include <string>
#include <string_view>

namespace notify::ctl {

// One line of a configuration for `curl -K -`: a header that curl is to send. What curl reads there
// stands on no command line. Between quotes it knows \\ and \" (curl's manual, --config).
std::string curl_header(std::string_view header);

}  // namespace notify::ctl
