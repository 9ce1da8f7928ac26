#include "ctl/open_files.hpp"

#include <glob.h>
#include <unistd.h>

namespace notify::ctl {
namespace {

// The paths are those of the machine's own configuration; a bound keeps a mistake short.
constexpr std::size_t kMostFiles = 1000;

Result<std::vector<std::string>> read_matching(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> texts;
  const bool any = ::glob(pattern.c_str(), 0, nullptr, &found) == 0;
  Result<void> done;
  for (std::size_t i = 0; any && done && i < found.gl_pathc; ++i) {
    auto text = texts.size() < kMostFiles ? read_file(found.gl_pathv[i])
                                          : invalid("too many files: " + pattern);
    if (text) {
      texts.push_back(std::move(*text));
    } else {
      done = text.error();
    }
  }
  ::globfree(&found);
  if (!done) {
    return done.error();
  }
  return texts;
}

}  // namespace

Result<Openness> read_openness(const Settings& settings, const std::string& path) {
  std::string file = path.empty() ? settings.run_dir + "/nginx.conf" : path;
  if (path.empty() && ::access(file.c_str(), F_OK) != 0) {
    file = "/etc/nginx/nginx.conf";
  }
  const auto text = read_file(file);
  if (!text) {
    return text.error();
  }
  // nginx looks for files that are included where its configuration is.
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  std::size_t files = 0;
  const auto conf =
      parse_nginx_conf(*text, [&](const std::string& pattern) -> Result<std::vector<std::string>> {
        if (++files > kMostFiles) {
          return invalid("too many files are included");
        }
        return read_matching(pattern.starts_with('/') ? pattern : folder + pattern);
      });
  if (!conf) {
    return invalid(file + ": " + conf.error().message);
  }
  return find_openness(*conf);
}

}  // namespace notify::ctl
