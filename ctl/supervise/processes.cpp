#include "ctl/supervise/processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "ctl/settings.hpp"
#include "ctl/supervise/addresses.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string proc_file(pid_t pid, const char* name) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/" + name);
  return text ? std::move(*text) : std::string();
}

struct Stat {
  std::string name;
  char state = 'Z';
  pid_t session = 0;
};

// /proc/PID/stat: pid (name) state parent group session … The name may hold anything.
std::optional<Stat> read_stat(pid_t pid) {
  const std::string text = proc_file(pid, "stat");
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) {
    return std::nullopt;
  }
  const Words rest = split_list(std::string_view(text).substr(close + 1), " \n");
  if (rest.size() < 4) {
    return std::nullopt;
  }
  Stat stat;
  stat.name = text.substr(open + 1, close - open - 1);
  stat.state = rest[0][0];
  stat.session = static_cast<pid_t>(parse_u64(rest[3]).value_or(0));
  return stat;
}

bool running(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat && stat->state != 'Z';
}

// Does an argument or a variable of the process name that folder? nginx shows its arguments as one.
bool works_for(pid_t pid, const std::string& run_dir) {
  const auto within = [&](std::string text, std::string path) {
    std::replace(text.begin(), text.end(), '\0', '\n');
    std::replace(text.begin(), text.end(), ' ', '\n');
    std::replace(path.begin(), path.end(), ' ', '\n');
    text = "\n" + text + "\n";
    path = "\n" + path;
    return text.find(path + "/") != std::string::npos ||
           text.find(path + "\n") != std::string::npos;
  };
  if (within(proc_file(pid, "cmdline"), run_dir)) {
    return true;
  }
  const std::string variable = "RUN_DIR=" + run_dir;
  const std::string environment = proc_file(pid, "environ");
  const Words all = split_list(environment, std::string_view("\0", 1));
  return std::find(all.begin(), all.end(), variable) != all.end();
}

// What a pid file says; 0: nothing.
pid_t noted_pid(const std::string& file) {
  const auto text = read_file(file);
  const std::uint64_t number = text ? parse_u64(trim(*text)).value_or(0) : 0;
  return number <= 0x7fffffff ? static_cast<pid_t>(number) : 0;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    if (const auto pid = parse_u64(entry->d_name); pid && *pid <= 0x7fffffff) {
      pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

std::vector<pid_t> session_of(pid_t leader) {
  std::vector<pid_t> pids;
  for (const pid_t pid : all_processes()) {
    const auto stat = read_stat(pid);
    if (stat && stat->session == leader && stat->name == "nginx" && stat->state != 'Z') {
      pids.push_back(pid);
    }
  }
  return pids;
}

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

ProcessHandle::ProcessHandle(pid_t pid)
    : pid_(pid), fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
  if (fd_ < 0 && errno == ESRCH) {
    pid_ = 0;
  }
}

ProcessHandle::~ProcessHandle() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void ProcessHandle::signal(int number) const {
  if (fd_ >= 0 &&
      (::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0) == 0 || errno != ENOSYS)) {
    return;
  }
  if (pid_ != 0) {
    ::kill(pid_, number);
  }
}

bool ProcessHandle::ended_within(milliseconds limit) const {
  if (fd_ < 0) {
    constexpr milliseconds kPause{20};
    for (milliseconds waited{0}; waited < limit && pid_ != 0 && running(pid_); waited += kPause) {
      ::poll(nullptr, 0, static_cast<int>(kPause.count()));
    }
    return pid_ == 0 || !running(pid_);
  }
  pollfd waiting{fd_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool wait_for_file(const std::string& folder, const std::string& name,
                   const ProcessHandle& process) {
  const int events = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ::inotify_add_watch(events, folder.c_str(), IN_CREATE | IN_MOVED_TO);
  const std::string path = folder + "/" + name;
  bool there = false;
  // Without a handle nothing tells of the process' end: it is looked for.
  const int limit = process.descriptor() < 0 ? 100 : -1;
  while (!(there = ::access(path.c_str(), F_OK) == 0) && !process.ended_within(milliseconds{0})) {
    std::array<pollfd, 2> waiting{{{process.descriptor(), POLLIN, 0}, {events, POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), limit);
    std::array<char, 4096> buffer{};
    while (::read(events, buffer.data(), buffer.size()) > 0) {
    }
  }
  ::close(events);
  return there;
}

bool end_process(pid_t pid, milliseconds limit) {
  const ProcessHandle process(pid);
  process.signal(SIGTERM);
  if (process.ended_within(limit)) {
    return true;
  }
  process.signal(SIGKILL);
  return process.ended_within(seconds{2});
}

std::optional<pid_t> pid_of(const std::string& run_dir, std::string_view name) {
  const pid_t pid = noted_pid(run_dir + "/" + std::string(name) + ".pid");
  return pid != 0 && running(pid) && works_for(pid, run_dir) ? std::optional(pid) : std::nullopt;
}

void signal_session(pid_t leader, int number) {
  for (const pid_t pid : session_of(leader)) {
    ProcessHandle(pid).signal(number);
  }
}

void end_leftovers(const std::string& run_dir) {
  for (const std::string name : {"nginx", "notify-worker", "redis"}) {
    const std::string file = run_dir + "/" + name + ".pid";
    const pid_t noted = noted_pid(file);
    if (const auto pid = pid_of(run_dir, name)) {
      std::printf("ending %s (pid %d), which was left from before\n", name.c_str(), *pid);
      end_process(*pid, seconds{5});
    }
    if (name == "nginx" && noted != 0 && !running(noted)) {
      for (const pid_t pid : session_of(noted)) {
        end_process(pid, seconds{3});
      }
    }
    ::unlink(file.c_str());
  }
}

RunLock::~RunLock() {
  if (fd_ >= 0) {
    ::close(fd_);  // the lock goes, the file stays
  }
}

Result<void> RunLock::take(const std::string& run_dir) {
  const std::string path = run_dir + "/supervisor.lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  struct flock lock = whole_file();
  if (fd_ >= 0 && ::fcntl(fd_, F_SETLK, &lock) == 0) {
    return {};
  }
  if (fd_ >= 0 && (errno == EACCES || errno == EAGAIN)) {
    return Error{ErrorKind::kConflict, "already running from " + run_dir +
                                           ": `make stop` ends it, RUN_DIR makes another one"};
  }
  return invalid("RUN_DIR: cannot lock " + path + ": " + std::strerror(errno));
}

std::optional<pid_t> RunLock::holder(const std::string& run_dir) {
  const std::string path = run_dir + "/supervisor.lock";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    return std::nullopt;
  }
  struct flock lock = whole_file();
  const bool asked = ::fcntl(fd, F_GETLK, &lock) == 0;
  ::close(fd);
  return asked && lock.l_type != F_UNLCK && lock.l_pid > 0 ? std::optional(lock.l_pid)
                                                           : std::nullopt;
}

bool port_is_taken(std::uint16_t port) {
  char end[8];
  std::snprintf(end, sizeof end, ":%04X", static_cast<unsigned>(port));
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto text = read_file(path);
    for (const std::string& line : text ? split_list(*text, "\n") : Words()) {
      // number: local address, remote address, state (0A listens), …
      const Words parts = split_list(line, " ");
      if (parts.size() > 3 && parts[3] == "0A" && parts[1].ends_with(end)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace notify::ctl
