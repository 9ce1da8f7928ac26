#pragma once

// Frames as they go out: small ones in a row are joined to one piece of memory, so that a burst
// costs a subscriber one buffer. Subscribers that stand at the same place share the pieces; they
// are kept for as long as a walk lasts.

#include <cstdint>
#include <string_view>
#include <vector>

#include "ngx_notify_module/hub/ring.hpp"

namespace notify::hub {

class Pieces {
 public:
  // Frames from number `from` (below the head), which moves beyond them. May be empty.
  BytesRef take(Ring& ring, std::string_view stream, const Format& format, std::size_t max_bytes,
                std::uint64_t& from);
  // One frame. May be empty.
  static BytesRef one(Ring& ring, std::string_view stream, const Format& format,
                      std::uint64_t number);
  void clear() { pieces_ = {}; }

 private:
  static constexpr std::size_t kKept = 16;

  struct Piece {
    const Format* format;
    std::uint64_t from;
    std::uint64_t to;
    BytesRef bytes;
  };

  std::vector<Piece> pieces_;
  std::size_t next_ = 0;  // to be replaced
};

}  // namespace notify::hub
