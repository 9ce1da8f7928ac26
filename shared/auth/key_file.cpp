#include "shared/auth/key_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace notify {
namespace {

constexpr std::int64_t kFreshNs = 50'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string reason(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_all(int fd) {
  std::string text;
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return invalid("it cannot be read: " + reason(errno));
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxKeyFileBytes) {
      return invalid("it is larger than 16 MB");
    }
  }
}

}  // namespace

std::string key_file_path(std::string_view store) {
  if (store.ends_with(".json")) {
    return std::string(store);
  }
  std::string path(store);
  if (!path.ends_with('/')) {
    path += '/';
  }
  return path.append(kKeyFileName);
}

FileStamp FileStamp::of(const struct stat& facts) {
  return {facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size),
          nanoseconds(facts.st_mtim), nanoseconds(facts.st_ctim)};
}

FileStamp FileStamp::of(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 ? of(facts) : FileStamp{};
}

bool FileStamp::is_fresh(std::int64_t unix_us) const {
  const std::int64_t age_ns = unix_us * 1000 - changed_ns;
  return *this != FileStamp{} && age_ns < kFreshNs && age_ns > -kFreshNs;
}

Result<KeyFile> read_key_file(const std::string& path) {
  // O_NONBLOCK: a FIFO without a writer would hold whoever opens it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
      return Error{ErrorKind::kNotFound, "there is none"};
    }
    return invalid("it cannot be opened: " + reason(error));
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) {
    return invalid("it cannot be read: " + reason(errno));
  }
  if (!S_ISREG(facts.st_mode)) {
    return invalid("it is not a regular file");
  }
  auto text = read_all(file.get());
  if (!text) {
    return text.error();
  }
  if (text->empty()) {
    return invalid("it is empty");
  }
  return KeyFile{std::move(*text), FileStamp::of(facts)};
}

}  // namespace notify
