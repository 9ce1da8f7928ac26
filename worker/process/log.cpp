#include "worker/process/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "shared/base/clock.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"

namespace notify::worker {
namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "notice", "warning", "error"};

std::string_view level_name(LogLevel level) { return kLevels[static_cast<int>(level)]; }

// C1 controls too: terminals obey them.
void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto step = utf8_step(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control =
        first < 0x20 || first == 0x7f ||
        (first == 0xc2 && step.length == 2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (step.valid && !control) {
      out += text.substr(0, step.length);
    } else {
      for (const char c : text.substr(0, step.length)) {
        out += "\\x";
        out += hex(std::string_view(&c, 1));
      }
    }
    text.remove_prefix(step.length);
  }
}

void append_value(std::string& out, std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=") == value.npos;
  if (plain) {
    append_escaped(out, value);
    return;
  }
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  out += '"';
  append_escaped(out, quoted);
  out += '"';
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

void format_log_line(std::string& out, LogFormat format, std::int64_t unix_us, LogLevel level,
                     std::string_view text, std::initializer_list<LogField> fields) {
  const auto time = format_iso8601_utc(unix_us / 1000 * 1000, UtcSuffix::kZ);
  const auto moment = time.substr(0, time.size() - 4) + "Z";  // milliseconds will do
  if (format == LogFormat::kJson) {
    out += R"({"time":)";
    json::append_quoted(out, moment);
    out += R"(,"level":)";
    json::append_quoted(out, level_name(level));
    out += R"(,"message":)";
    json::append_quoted(out, text);
    for (const auto& field : fields) {
      out += ',';
      json::append_quoted(out, field.name);
      out += ':';
      if (field.is_number) {
        out += field.value;
      } else {
        json::append_quoted(out, field.value);
      }
    }
    out += "}\n";
    return;
  }
  out += moment;
  out += ' ';
  out += level_name(level);
  out += ' ';
  append_escaped(out, text);
  for (const auto& field : fields) {
    out += ' ';
    out += field.name;
    out += '=';
    append_value(out, field.value);
  }
  out += '\n';
}

Log::~Log() {
  if (fd_ > 2) {
    ::close(fd_);
  }
}

Result<void> Log::open(const std::string& file) {
  file_ = file;
  return reopen();
}

Result<void> Log::reopen() {
  if (file_.empty()) {
    return {};
  }
  const int fd = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    return invalid("log-file: cannot open " + file_ + ": " +
                   std::generic_category().message(errno));
  }
  if (fd_ > 2) {
    ::close(fd_);
  }
  fd_ = fd;
  return {};
}

void Log::write(LogLevel level, std::string_view text, std::initializer_list<LogField> fields) {
  if (!enabled(level)) {
    return;
  }
  line_.clear();
  format_log_line(line_, format_, unix_us(), level, text, fields);
  std::string_view rest = line_;
  while (!rest.empty()) {
    const auto count = ::write(fd_, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace notify::worker
