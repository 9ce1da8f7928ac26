#include "ctl/supervise/launch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ctl/supervise/addresses.hpp"

namespace notify::ctl {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    result.push_back(const_cast<char*>(text.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

// In the child. Handlers go with exec; what is ignored or blocked would stay so.
void restore_signals() {
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void redirect(int output) {
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  if (output >= 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
  }
}

[[noreturn]] void become(const std::vector<char*>& arguments,
                         const std::vector<char*>& environment) {
  ::execvpe(arguments[0], arguments.data(), environment.data());
  ::dprintf(STDERR_FILENO, "cannot run %s: %s\n", arguments[0], std::strerror(errno));
  ::_exit(127);
}

// fork() with all signals blocked until the child has none of this process's handlers.
template <class InChild>
Result<pid_t> fork_quietly(InChild in_child) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) {
    restore_signals();
    in_child();
  }
  const int error = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    return invalid(std::string("cannot start a process: ") + std::strerror(error));
  }
  return pid;
}

}  // namespace

Result<pid_t> launch(const Program& program) {
  const auto arguments = pointers(program.arguments);
  const auto environment = pointers(program.environment);
  const pid_t parent = ::getpid();
  return fork_quietly([&] {
    ::setsid();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
      ::_exit(1);  // it was killed before that call
    }
    redirect(program.output);
    become(arguments, environment);
  });
}

bool is_installed(const std::string& name) {
  const char* const path = std::getenv("PATH");
  const Words folders = split_list(path != nullptr ? path : "", ":");
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return ::access((folder + "/" + name).c_str(), X_OK) == 0;
  });
}

Result<Outcome> run_to_end(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment) {
  const int scratch = make_scratch();
  const auto words = pointers(arguments);
  const auto variables = pointers(environment);
  const auto pid = fork_quietly([&] {
    redirect(scratch);
    become(words, variables);
  });
  int status = 0;
  if (pid) {
    while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  Outcome outcome{shell_status(status), read_scratch(scratch)};
  ::close(scratch);
  return pid ? Result<Outcome>(std::move(outcome)) : pid.error();
}

int shell_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int make_scratch() { return ::memfd_create("output", MFD_CLOEXEC); }

std::string read_scratch(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::pread(descriptor, buffer.data(), buffer.size(),
                        static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text;
}

}  // namespace notify::ctl
