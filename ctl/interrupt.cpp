#include "ctl/interrupt.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace notify::ctl {
namespace {

// A handler has no other way to reach its object. An event instead of a flag: poll() sees it also
// when the signal comes just before the call.
constinit int event = -1;

void on_signal(int) {
  const int saved = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(event, &one, sizeof one);
  errno = saved;
}

// Without SA_RESTART, so that a connect or a look-up that hangs is given up too.
void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  handle(SIGINT, on_signal);
  handle(SIGTERM, on_signal);
}

Interrupt::~Interrupt() {
  handle(SIGINT, SIG_DFL);
  handle(SIGTERM, SIG_DFL);
  close(event);
  event = -1;
}

Wake Interrupt::wait(int descriptor, std::chrono::milliseconds limit) const {
  // Of stdout only errors are asked for, which always come: that its reader has gone.
  pollfd waiting[] = {{event, POLLIN, 0}, {STDOUT_FILENO, 0, 0}, {descriptor, POLLIN, 0}};
  int ready = 0;
  do {
    ready = poll(waiting, 3, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  if (waiting[0].revents != 0 || waiting[1].revents != 0) {
    return Wake::kInterrupted;
  }
  return ready > 0 ? Wake::kReadable : Wake::kTimeout;
}

bool Interrupt::raised() const {
  return wait(-1, std::chrono::milliseconds{0}) == Wake::kInterrupted;
}

}  // namespace notify::ctl
