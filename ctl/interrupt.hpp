#pragma once

#include <chrono>

namespace notify::ctl {

enum class Wake { kReadable, kTimeout, kInterrupted };

// From its construction on, SIGINT and SIGTERM end the wait instead of the process; so does the end
// of whoever reads stdout (`| head`). One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Until `descriptor` (-1: none) can be read. Stays kInterrupted once it was.
  Wake wait(int descriptor, std::chrono::milliseconds limit) const;
  [[nodiscard]] bool raised() const;
};

}  // namespace notify::ctl
