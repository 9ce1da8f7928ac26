#pragma once

// A file that tells others of this process: its pid, or that it is ready.

#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::process {

// Written whole or not at all (a new file renamed into place); removed with the object.
class RunFile {
 public:
  RunFile() = default;
  ~RunFile() { remove(); }
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  Result<void> write(const std::string& path, std::string_view text);
  void remove();

 private:
  std::string path_;
};

}  // namespace notify::process
