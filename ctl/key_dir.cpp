#include "ctl/key_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "shared/auth/key_file.hpp"

namespace notify::ctl {
namespace {

Error system_error(const std::string& what, int error = errno) {
  return invalid(what + ": " + std::generic_category().message(error));
}

// Where a link leads: that is what is to be replaced, not the link.
std::string follow_links(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : file.substr(0, slash);
}

struct Ownership {
  uid_t user;
  gid_t group;
  mode_t mode;
};

Result<Ownership> ownership_of(const std::string& file, int folder) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) == 0) {
    return Ownership{facts.st_uid, facts.st_gid, facts.st_mode & 07777U};
  }
  if (::fstat(folder, &facts) != 0) {
    return system_error("cannot look at the folder of " + file);
  }
  return Ownership{facts.st_uid, facts.st_gid, 0600U | (facts.st_mode & 0044U)};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(count < 0 ? 0 : static_cast<std::size_t>(count));
  }
  return true;
}

// A file of that content and ownership that is on the disk when this returns.
Result<void> write_new(const std::string& path, std::string_view text, const Ownership& owner) {
  ::unlink(path.c_str());  // of one that was killed; the lock is ours
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return system_error("cannot write " + path);
  }
  const bool ours = owner.user == ::geteuid() && owner.group == ::getegid();
  Result<void> outcome;
  if (!ours && ::fchown(fd, owner.user, owner.group) != 0) {
    outcome = system_error("cannot give " + path + " to its owner");
  } else if (::fchmod(fd, owner.mode) != 0 || !write_all(fd, text) || ::fsync(fd) != 0) {
    outcome = system_error("cannot write " + path);
  }
  ::close(fd);
  return outcome;
}

}  // namespace

Result<KeyDir> KeyDir::lock(const std::string& store) {
  std::string file = follow_links(key_file_path(store));
  const std::string folder = folder_of(file);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    const bool missing = error == ENOENT;
    return invalid("the folder " + folder + " of the key store " +
                   (missing ? "does not exist (AUTH_STORE_DIR or --store says where it is)"
                            : "cannot be opened: " + std::generic_category().message(error)));
  }
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) {
      const Error error = system_error("cannot lock " + folder);
      ::close(fd);
      return error;
    }
  }
  return KeyDir(fd, std::move(file));
}

KeyDir::KeyDir(KeyDir&& other) noexcept
    : folder_(std::exchange(other.folder_, -1)), file_(std::move(other.file_)) {}

KeyDir::~KeyDir() {
  if (folder_ >= 0) {
    ::close(folder_);
  }
}

Result<KeyStore> KeyDir::load() const {
  struct stat facts {};
  if (::stat(file_.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size == 0) {
    return KeyStore();
  }
  const auto read = read_key_file(file_);
  if (!read) {
    return read.error().kind == ErrorKind::kNotFound
               ? Result<KeyStore>(KeyStore())
               : invalid("the key store " + file_ + ": " + read.error().message);
  }
  auto store = KeyStore::parse(read->text);
  if (!store) {
    return invalid("the key store " + file_ + ": " + store.error().message);
  }
  return store;
}

Result<void> KeyDir::save(const KeyStore& store) const {
  const auto owner = ownership_of(file_, folder_);
  if (!owner) {
    return owner.error();
  }
  const std::string next = file_ + ".new";
  auto written = write_new(next, store.render() + "\n", *owner);
  if (written && ::rename(next.c_str(), file_.c_str()) != 0) {
    written = system_error("cannot replace " + file_);
  }
  if (!written) {
    ::unlink(next.c_str());
    return written;
  }
  if (::fsync(folder_) != 0 && errno != EINVAL) {
    return system_error("cannot write the folder of " + file_);
  }
  return {};
}

}  // namespace notify::ctl
