#include "ctl/curl_config.hpp"

namespace notify::ctl {

std::string curl_header(std::string_view header) {
  std::string line = "header = \"";
  for (const char c : header) {
    if (c == '"' || c == '\\') {
      line += '\\';
    }
    line += c;
  }
  return line + '"';
}

}  // namespace notify::ctl
