#include "worker/net/unix_listen.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

Error system_error(const std::string& what) {
  return invalid(what + std::generic_category().message(errno));
}

Result<gid_t> group_id(const std::string& group) {
  if (const auto number = parse_u64(group); number && *number < static_cast<gid_t>(-1)) {
    return static_cast<gid_t>(*number);
  }
  // At start and on this one thread, so that the static result is nobody else's.
  const auto* found = ::getgrnam(group.c_str());  // NOLINT(concurrency-mt-unsafe)
  if (found == nullptr) {
    return invalid("there is no group \"" + group + "\" (socket-group)");
  }
  return found->gr_gid;
}

}  // namespace

Result<int> listen_unix(const std::string& path, const std::string& group, int backlog) {
  std::optional<gid_t> owner;
  if (!group.empty()) {
    const auto known = group_id(group);
    if (!known) {
      return known.error();
    }
    owner = *known;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return invalid("the path is too long for a socket (" +
                   std::to_string(sizeof address.sun_path - 1) + " bytes)");
  }
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return system_error("");
  }
  ::unlink(path.c_str());
  // Nobody else may connect before the group is right.
  const mode_t before = ::umask(0177);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::umask(before);
  const bool given =
      bound && (!owner || ::lchown(path.c_str(), static_cast<uid_t>(-1), *owner) == 0);
  Result<void> done;
  if (bound && !given) {
    done = system_error("cannot give the socket to the group \"" + group + "\" (socket-group): ");
  } else if (!bound || ::chmod(path.c_str(), 0660) != 0 || ::listen(fd, backlog) != 0) {
    done = system_error("");
  }
  if (!done) {
    ::close(fd);
    return done.error();
  }
  return fd;
}

}  // namespace notify::worker
