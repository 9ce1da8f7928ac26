#pragma once

// What tells this process of its former life.

#include <string>

#include "shared/base/result.hpp"
#include "shared/process/run_file.hpp"

namespace notify::worker {

using process::RunFile;

// Who this worker is: the token that its leases on consumer names hold.
//
// It outlives the process in RUN_DIR/notify-worker-<n>.id, a file that the process keeps locked. A
// worker that finds one unlocked knows that its owner is dead, and is that owner from now on: it
// goes on at once where that one was killed, with no need to wait for leases to lapse. Several
// workers may share a RUN_DIR; each takes the first file that is free. What counts is this file on
// this boot of this machine: a copy of it is somebody else's.
class Identity {
 public:
  Identity() = default;
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  // On an error the token is a random one, that will not outlive the process.
  Result<void> take(const std::string& run_dir);
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  Result<void> take_file(const std::string& path, bool& busy);

  int fd_ = -1;
  std::string token_;
};

}  // namespace notify::worker
