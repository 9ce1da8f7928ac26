#include "shared/base/secret.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <system_error>

namespace notify {
namespace {

// Longer than any key; so that a wrong path (a device, a log) is not read without end.
constexpr std::size_t kMaxSecretBytes = 64 * 1024;

std::string reason(int error) { return std::generic_category().message(error); }

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> from_environment(const std::string& name) {
  if (name.empty()) {
    return invalid("no name of an environment variable after \"env:\"");
  }
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return invalid("environment variable \"" + name + "\" is " +
                   (value == nullptr ? "not set" : "empty"));
  }
  return std::string(value);
}

Result<std::string> from_file(const std::string& path) {
  const File file(path);
  if (file.fd() < 0) {
    return invalid("cannot open \"" + path + "\": " + reason(errno));
  }
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.find('\n') == std::string::npos) {
    const ssize_t count = ::read(file.fd(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return invalid("cannot read \"" + path + "\": " + reason(errno));
    }
    if (count == 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxSecretBytes) {
      return invalid("first line of \"" + path + "\" is too long for a secret");
    }
  }
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) {
    text.pop_back();
  }
  if (text.empty()) {
    return invalid("first line of \"" + path + "\" is empty");
  }
  return text;
}

}  // namespace

Result<std::string> resolve_secret(std::string_view spec) {
  constexpr std::string_view kEnv = "env:";
  constexpr std::string_view kFile = "file:";
  if (spec.starts_with(kEnv)) {
    return from_environment(std::string(spec.substr(kEnv.size())));
  }
  if (spec.starts_with(kFile)) {
    return from_file(std::string(spec.substr(kFile.size())));
  }
  if (spec.empty()) {
    return invalid("empty secret");
  }
  return std::string(spec);
}

}  // namespace notify
