#pragma once

// Processes of a RUN_DIR, by their ids and never by a name. An id from a file may have become that
// of another process, so it counts only when the process shows the RUN_DIR.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::ctl {

// A process that ends is heard of, and its id cannot become another one's meanwhile. Where the
// kernel has no such handles (some sandboxes), the id is all there is.
class ProcessHandle {
 public:
  explicit ProcessHandle(pid_t pid);  // of any process
  ~ProcessHandle();
  ProcessHandle(const ProcessHandle&) = delete;
  ProcessHandle& operator=(const ProcessHandle&) = delete;

  // Readable once it has ended; -1: there is no handle.
  [[nodiscard]] int descriptor() const { return fd_; }
  void signal(int number) const;
  // Whether it has ended within that time.
  [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const;

 private:
  pid_t pid_;  // 0: there was no such process
  int fd_;
};

// Waits until the folder has a file of that name. False: the process has ended before.
bool wait_for_file(const std::string& folder, const std::string& name,
                   const ProcessHandle& process);

// SIGTERM, and SIGKILL when that is not enough. True once it has ended.
bool end_process(pid_t pid, std::chrono::milliseconds limit);

// Of RUN_DIR/NAME.pid, if that process is there and works for `run_dir`.
std::optional<pid_t> pid_of(const std::string& run_dir, std::string_view name);

// What a dead nginx master has left: the processes named nginx in the session that it led. The
// kernel gives a leader's id to nobody else while a session still bears it.
void signal_session(pid_t leader, int number);

// What an earlier `notifyctl up` could not end, since it was killed. Says what it does.
void end_leftovers(const std::string& run_dir);

// Whoever runs `notifyctl up` for a RUN_DIR holds the lock of RUN_DIR/supervisor.lock: the kernel
// knows who that is, and lets go of it when that process ends in whatever way.
class RunLock {
 public:
  RunLock() = default;
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

  // For the life of this object. kConflict: somebody else has it.
  Result<void> take(const std::string& run_dir);
  // Whose it is; nothing: nobody's. Not for who has taken it: closing the file would let it go.
  static std::optional<pid_t> holder(const std::string& run_dir);

 private:
  int fd_ = -1;
};

// Does anybody on this machine listen on that TCP port?
bool port_is_taken(std::uint16_t port);

}  // namespace notify::ctl
