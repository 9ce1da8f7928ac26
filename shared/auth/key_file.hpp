#pragma once

// The key store as a file: reading it, and noticing that it has changed. Writing it is notifyctl's.

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

inline constexpr std::string_view kKeyFileName = "auth.json";
inline constexpr std::size_t kMaxKeyFileBytes = std::size_t{16} * 1024 * 1024;

// The file in a store's folder; a path that ends in .json is the file itself.
std::string key_file_path(std::string_view store);

// What tells one state of a file from another. All zero: there is none.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  static FileStamp of(const struct stat& facts);
  static FileStamp of(const std::string& path);  // a system call; any failure looks like no file

  // Whether the file was changed so shortly before `unix_us` that another change could have left
  // the same times: the system's clock for files ticks every few milliseconds.
  [[nodiscard]] bool is_fresh(std::int64_t unix_us) const;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct KeyFile {
  std::string text;
  FileStamp stamp;  // from before it was read
};

// kNotFound: there is none. kInvalid: it cannot be read, is no regular file, is empty or larger
// than 16 MB. The message does not name the path. May block: not for an event loop.
Result<KeyFile> read_key_file(const std::string& path);

}  // namespace notify
