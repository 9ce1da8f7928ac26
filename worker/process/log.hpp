#pragma once

// One line per event, to standard error or to a file that is opened again on SIGHUP:
//
//   2026-11-21T09:00:00.123Z info delivered stream=dev_stream id=1-0 attempt=1 status=200 ms=12
//
// or the same as an object of JSON. Whatever a value holds, a line stays a line: control characters
// are escaped, and values with blanks are quoted. A log that cannot be written is no reason to
// stop.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/redis/host.hpp"

namespace notify::worker {

using redis::LogLevel;

enum class LogFormat { kText, kJson };

struct LogField {
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, std::int64_t number)
      : name(field_name), value(std::to_string(number)), is_number(true) {}

  std::string_view name;
  std::string value;
  bool is_number = false;
};

class Log {
 public:
  Log(LogLevel level, LogFormat format) : level_(level), format_(format) {}
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  Result<void> open(const std::string& file);  // empty: standard error
  Result<void> reopen();                       // on failure goes on with what it has

  [[nodiscard]] bool enabled(LogLevel level) const { return level >= level_; }
  void write(LogLevel level, std::string_view text, std::initializer_list<LogField> fields = {});

 private:
  LogLevel level_;
  LogFormat format_;
  std::string file_;
  int fd_ = 2;
  std::string line_;
};

// Printable UTF-8 as it is, every other byte as \xNN.
std::string printable(std::string_view text);

// The line, with its end. Pure; for tests.
void format_log_line(std::string& out, LogFormat format, std::int64_t unix_us, LogLevel level,
                     std::string_view text, std::initializer_list<LogField> fields);

}  // namespace notify::worker
