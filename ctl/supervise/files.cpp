#include "ctl/supervise/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace notify::ctl {

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string scratch = path + ".new";
  ::unlink(scratch.c_str());
  const int fd = ::open(scratch.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool written = fd >= 0;
  while (written && !text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    written = count > 0;
    text.remove_prefix(written ? static_cast<std::size_t>(count) : 0);
  }
  if (fd >= 0) {
    ::close(fd);
  }
  if (written && std::rename(scratch.c_str(), path.c_str()) == 0) {
    return {};
  }
  const std::string why = std::strerror(errno);
  ::unlink(scratch.c_str());
  return invalid("RUN_DIR: cannot write " + path + ": " + why);
}

}  // namespace notify::ctl
