#include "ngx_notify_module/hub/pieces.hpp"

#include <string>
#include <utility>

namespace notify::hub {
namespace {

const BytesRef& render(Ring& ring, std::uint64_t number, std::string_view stream,
                       const Format& format) {
  Frame& frame = ring.at(number);
  const std::size_t before = frame.weight();
  const BytesRef& bytes = frame.bytes(stream, format);
  ring.grow(frame.weight() - before);
  return bytes;
}

}  // namespace

BytesRef Pieces::one(Ring& ring, std::string_view stream, const Format& format,
                     std::uint64_t number) {
  return render(ring, number, stream, format);
}

BytesRef Pieces::take(Ring& ring, std::string_view stream, const Format& format,
                      std::size_t max_bytes, std::uint64_t& from) {
  const std::uint64_t begin = from;
  const std::uint64_t head = ring.head();
  const BytesRef first = render(ring, begin, stream, format);
  if (begin + 1 == head || first->size() >= max_bytes) {
    from = begin + 1;
    return first;
  }
  for (const Piece& piece : pieces_) {
    if (piece.from == begin && piece.format == &format) {
      from = piece.to;
      return piece.bytes;
    }
  }
  std::string text(first->view());
  std::uint64_t end = begin + 1;
  for (; end < head; ++end) {
    const BytesRef& bytes = render(ring, end, stream, format);
    if (text.size() + bytes->size() > max_bytes) {
      break;
    }
    text += bytes->view();
  }
  from = end;
  if (end == begin + 1) {
    return first;
  }
  const Piece made{&format, begin, end, BytesRef(std::move(text))};
  if (pieces_.size() < kKept) {
    pieces_.push_back(made);
  } else {
    pieces_[next_++ % kKept] = made;
  }
  return made.bytes;
}

}  // namespace notify::hub
