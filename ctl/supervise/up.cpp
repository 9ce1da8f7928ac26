// `notifyctl up`: from the settings to a process that watches over all.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "ctl/commands.hpp"
#include "ctl/supervise/driver.hpp"
#include "ctl/supervise/preparation.hpp"
#include "ctl/supervise/processes.hpp"
#include "ctl/supervise/setting_table.hpp"

namespace notify::ctl {
namespace {

// Without the program's name: `make run` is what people have typed.
int refuse(const Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return kExitFailed;
}

// nginx and its like are in these for root, and not in everybody's PATH.
void complete_path() {
  const char* const path = std::getenv("PATH");
  const std::string all =
      std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/sbin:/sbin";
  ::setenv("PATH", all.c_str(), 1);
}

// A stream is an open file.
void raise_limits() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

// All that has to be right before something starts.
Result<void> prepare(RunSettings& settings, const Folders& folders) {
  if (const auto found = find_secrets(settings); !found) {
    return found;
  }
  std::string warning;
  if (const auto checked = check_stage(settings, warning); !checked) {
    return checked;
  }
  if (!warning.empty()) {
    std::fprintf(stderr, "%s\n", warning.c_str());
  }
  if (settings.get("NOTIFY_SOCKET_GROUP").empty() && !folders.nginx_group().empty()) {
    settings.environment.set("NOTIFY_SOCKET_GROUP", folders.nginx_group());
  }
  return prepare_nginx(settings, folders);
}

// Everything to the end, in the process that stays and has the lock.
int supervise(RunSettings& settings, const Folders& folders, const UpOptions& options,
              std::function<void()> ready) {
  ::unlink((settings.run_dir + "/supervisor.ready").c_str());
  end_leftovers(settings.run_dir);
  if (const auto prepared = prepare(settings, folders); !prepared) {
    return refuse(prepared.error());
  }
  if (options.check) {
    const auto tested = test_nginx(settings);
    remove_socket_folder(settings.run_dir);
    return tested ? kExitDone : refuse(tested.error());
  }
  if (const auto free = check_ports_are_free(settings); !free) {
    return refuse(free.error());
  }
  if (const auto tested = test_nginx(settings); !tested) {
    return refuse(tested.error());
  }
  const auto there = find_redis_there(settings);
  if (!there) {
    return refuse(there.error());
  }
  if (!*there) {
    if (const auto prepared = prepare_redis(settings); !prepared) {
      return refuse(prepared.error());
    }
  }
  bool fine = false;
  {
    Driver driver(settings, folders,
                  {.own_redis = !*there, .background = options.detach, .ready = std::move(ready)});
    fine = driver.run();
  }
  remove_socket_folder(settings.run_dir);
  return fine ? kExitDone : kExitFailed;
}

void show_log(const std::string& run_dir) {
  if (const auto log = read_file(run_dir + "/supervisor.log")) {
    std::fwrite(log->data(), 1, log->size(), stdout);
    std::fflush(stdout);
  }
}

int nothing_started(const std::string& run_dir) {
  show_log(run_dir);
  return refuse(invalid("nothing was started; more may stand in " + run_dir + "/*.log"));
}

int supervise_here(RunSettings& settings, const Folders& folders, const UpOptions& options) {
  RunLock lock;
  const auto taken = lock.take(settings.run_dir);
  return taken ? supervise(settings, folders, options, {}) : refuse(taken.error());
}

// Somebody else has started it, or does just now.
int join(const std::string& run_dir, pid_t pid) {
  std::printf("already running from %s (pid %d)\n", run_dir.c_str(), static_cast<int>(pid));
  if (!wait_for_file(run_dir, "supervisor.ready", ProcessHandle(pid))) {
    return nothing_started(run_dir);
  }
  show_log(run_dir);
  return kExitDone;
}

// What the one that stays tells the one that waits for it.
constexpr char kReady = '+';
constexpr char kTaken = '=';  // another one has the lock

void tell(int pipe, char what) {
  [[maybe_unused]] const auto told = ::write(pipe, &what, 1);
  ::close(pipe);
}

// The one that stays: in a session of its own, with RUN_DIR/supervisor.log for its words. The file
// is that of whoever has the lock.
[[noreturn]] void stay(RunSettings& settings, const Folders& folders, const UpOptions& options,
                       int ready) {
  ::setsid();
  RunLock lock;
  if (const auto taken = lock.take(settings.run_dir); !taken) {
    if (taken.error().kind == ErrorKind::kConflict) {
      tell(ready, kTaken);
      ::_exit(kExitFailed);
    }
    ::_exit(refuse(taken.error()));
  }
  const std::string path = settings.run_dir + "/supervisor.log";
  ::unlink(path.c_str());
  const int log = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (log < 0 || null < 0 || ::dup2(null, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) {
    ::_exit(kExitFailed);
  }
  const int status = supervise(settings, folders, options, [ready] { tell(ready, kReady); });
  std::fflush(nullptr);
  ::_exit(status);
}

int detach(RunSettings& settings, const Folders& folders, const UpOptions& options) {
  std::array<int, 2> ends{};
  std::fflush(nullptr);
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return refuse(invalid("no pipe is left on this machine"));
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    stay(settings, folders, options, ends[1]);
  }
  ::close(ends[1]);
  char told = 0;
  ssize_t got = 0;
  while (pid > 0 && (got = ::read(ends[0], &told, 1)) < 0 && errno == EINTR) {
  }
  ::close(ends[0]);
  if (got == 1 && told == kTaken) {
    if (const auto holder = RunLock::holder(settings.run_dir)) {
      return join(settings.run_dir, *holder);
    }
  }
  if (got != 1 || told != kReady) {
    return nothing_started(settings.run_dir);
  }
  show_log(settings.run_dir);
  return kExitDone;
}

}  // namespace

int up(const Settings& given, const UpOptions& options) {
  if (options.settings) {
    std::fputs(settings_as_text().c_str(), stdout);
    return kExitDone;
  }
  complete_path();
  auto settings = find_run_settings(given, options.source);
  if (!settings) {
    return refuse(settings.error());
  }
  const auto folders = Folders::of(*settings);
  if (!folders) {
    return refuse(folders.error());
  }
  if (const auto there = check_source(*settings); !there) {
    return refuse(there.error());
  }
  if (options.print) {
    const auto text = nginx_conf(*settings, *folders);
    if (!text) {
      return refuse(text.error());
    }
    std::fputs(text->c_str(), stdout);
    return kExitDone;
  }
  if (options.detach) {
    if (const auto pid = RunLock::holder(settings->run_dir)) {
      return join(settings->run_dir, *pid);
    }
  }
  ::umask(027);  // what others on this machine may not read, as a rule; what they may says so
  if (const auto made = folders->make_run_dir(*settings); !made) {
    return refuse(made.error());
  }
  raise_limits();
  return options.detach ? detach(*settings, *folders, options)
                        : supervise_here(*settings, *folders, options);
}

}  // namespace notify::ctl
