#pragma once

// Starting a program.

#include <sys/types.h>

#include <string>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::ctl {

struct Program {
  std::vector<std::string> arguments;    // the first one is looked for in PATH
  std::vector<std::string> environment;  // NAME=value
  int output = -1;                       // where what it prints goes; -1: where ours does
};

// As the leader of a session of its own, so that a Ctrl-C reaches its starter alone and things end
// in order; and such that the kernel ends it (SIGTERM) should this process be killed. Reads
// nothing.
Result<pid_t> launch(const Program& program);

// Is there a program of that name in PATH?
bool is_installed(const std::string& name);

struct Outcome {
  int status = 0;  // as a shell tells it: 128 and the signal's number for one that was killed
  std::string output;
};

// To its end, in this process' own session: a Ctrl-C reaches both. What it prints on either
// descriptor is collected, and not much is expected.
Result<Outcome> run_to_end(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment);

// What waitpid() tells, as a shell tells it.
int shell_status(int wait_status);

// A file without a name for the output of a program; -1 where there is none. The caller closes it.
int make_scratch();
std::string read_scratch(int descriptor);

}  // namespace notify::ctl
