#include "shared/process/run_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace notify::process {
namespace {

Error system_error(const std::string& what) {
  return invalid(what + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<void> RunFile::write(const std::string& path, std::string_view text) {
  const auto scratch = path + ".new";
  // A link in its place is not followed: it may lead to what others want emptied.
  const int fd =
      ::open(scratch.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) {
    return system_error("cannot write " + scratch);
  }
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!written || std::rename(scratch.c_str(), path.c_str()) != 0) {
    const auto error = system_error("cannot write " + path);
    ::unlink(scratch.c_str());
    return error;
  }
  path_ = path;
  return {};
}

void RunFile::remove() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
    path_.clear();
  }
}

}  // namespace notify::process
