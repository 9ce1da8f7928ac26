#pragma once

// The bytes that are to leave through a socket, in order. Small texts are copied together; a large
// one is lent by its owner, who is kept until it has left: a queue of large commands takes no
// memory of its own, and nothing is moved when some of it was written. Pure.
//
// Bounds: those of who appends.

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace notify::redis {

class OutQueue final {
 public:
  using Owner = std::shared_ptr<const void>;

  // A text below this is copied, whoever owns it.
  static constexpr std::size_t kLend = std::size_t{16} * 1024;
  // A piece of copied texts is closed at this size.
  static constexpr std::size_t kPiece = std::size_t{64} * 1024;

  void append(std::string_view text);
  // `text` is the owner's, and stays as it is while the owner lives. Null: it is copied.
  void lend(std::string_view text, const Owner& owner);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // What is first, in so many parts at most. Returns how many there are.
  std::size_t first(std::span<iovec> parts) const;
  // So many bytes have left.
  void consume(std::size_t count);

 private:
  struct Piece {
    std::string copied;
    std::string_view lent;
    Owner owner;  // null: it is a copied one
    [[nodiscard]] std::string_view text() const { return owner ? lent : copied; }
  };

  std::deque<Piece> pieces_;
  std::size_t gone_ = 0;  // of the first piece
  std::size_t size_ = 0;
};

}  // namespace notify::redis
