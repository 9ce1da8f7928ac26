#include "worker/process/run_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "shared/base/crypto.hpp"

namespace notify::worker {
namespace {

constexpr int kMostWorkers = 64;  // that share a RUN_DIR
constexpr std::size_t kSecretDigits = 32;

Error system_error(const std::string& what) {
  return invalid(what + ": " + std::generic_category().message(errno));
}

// Changes with the machine's boot and the container; empty where there is none to read.
std::string this_boot() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  std::array<char, 64> space{};
  const auto size = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  return text + " " + std::string(space.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
}

}  // namespace

Identity::~Identity() {
  if (fd_ >= 0) {
    ::close(fd_);  // the lock goes, the file stays
  }
}

Result<void> Identity::take(const std::string& run_dir) {
  token_ = random_hex(kSecretDigits / 2);
  for (int number = 1; number <= kMostWorkers; ++number) {
    bool busy = false;
    auto taken = take_file(run_dir + "/notify-worker-" + std::to_string(number) + ".id", busy);
    if (taken && !busy) {
      return {};
    }
    if (!taken) {
      return taken.error();
    }
  }
  return invalid("too many workers share " + run_dir);
}

Result<void> Identity::take_file(const std::string& path, bool& busy) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return system_error("cannot open " + path);
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    busy = errno == EWOULDBLOCK;
    const auto error = system_error("cannot lock " + path);
    ::close(fd);
    return busy ? Result<void>() : Result<void>(error);
  }
  std::array<char, kSecretDigits> secret{};
  if (::pread(fd, secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    token_.copy(secret.data(), secret.size());
    if (::ftruncate(fd, 0) != 0 ||
        ::pwrite(fd, secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
      const auto error = system_error("cannot write " + path);
      ::close(fd);
      return error;
    }
  }
  struct stat facts {};
  ::fstat(fd, &facts);
  fd_ = fd;
  token_ =
      hex(sha256(std::string(secret.data(), secret.size()) + " " + std::to_string(facts.st_dev) +
                 " " + std::to_string(facts.st_ino) + " " + this_boot()))
          .substr(0, kSecretDigits);
  return {};
}

}  // namespace notify::worker
