#pragma once

// What a reply of Redis may be, at most. hiredis believes what a length says: `*1440370955` makes
// it allocate 11 GB before the first element has come. So its reader's functions are wrapped here:
// they count what one reply has, and refuse before anything is allocated for it.
//
// Nesting is hiredis' own bound: seven lists in each other.

#include <hiredis/read.h>

#include <cstddef>
#include <string_view>

namespace notify::redis {

class ReplyLimits final {
 public:
  // Elements of all lists of a reply together: some 64 MB of hiredis' objects.
  static constexpr std::size_t kElements = std::size_t{1} << 20;
  // Texts of a reply together, and what has come of one that is not complete.
  static constexpr std::size_t kBytes = std::size_t{128} << 20;
  // A status, an error, a number, or the line with a length.
  static constexpr std::size_t kLine = std::size_t{64} << 10;

  // It lives at least as long as the reader is used, and stays where it is.
  explicit ReplyLimits(redisReader& reader);
  ReplyLimits(const ReplyLimits&) = delete;
  ReplyLimits& operator=(const ReplyLimits&) = delete;

  // A reply is complete: the next one may be as large.
  void next() { elements_ = bytes_ = 0; }
  // To be asked where a reply is not complete yet: what came of it may be too much already, and
  // hiredis would look for the end of a line from its beginning with each piece.
  [[nodiscard]] bool within();

  // Which limit was met; empty: none.
  [[nodiscard]] std::string_view broken() const { return broken_; }

 private:
  static void* create_string(const redisReadTask* task, char* text, std::size_t size);
  static void* create_array(const redisReadTask* task, int elements);
  bool take(std::size_t elements, std::size_t bytes);

  const redisReader& reader_;
  const redisReplyObjectFunctions plain_;  // hiredis' own
  redisReplyObjectFunctions counted_;
  std::size_t elements_ = 0;
  std::size_t bytes_ = 0;
  std::string_view broken_;
};

}  // namespace notify::redis
