#pragma once

// UTF-8 that arrives in pieces, cut anywhere: wrong at the first byte that no text can have there.
// Pure.

#include <array>
#include <cstddef>
#include <string_view>

namespace notify::websocket {

class Utf8Stream {
 public:
  // False: malformed, and it stays so.
  [[nodiscard]] bool take(std::string_view piece);
  // Nothing is open: the text may end here.
  [[nodiscard]] bool complete() const { return size_ == 0; }
  void reset() { size_ = 0; }

 private:
  std::array<char, 4> open_{};  // of a character whose end has not come
  std::size_t size_ = 0;
};

}  // namespace notify::websocket
