#include "shared/redis/out_queue.hpp"

namespace notify::redis {

void OutQueue::append(std::string_view text) {
  while (!text.empty()) {
    if (pieces_.empty() || pieces_.back().owner || pieces_.back().copied.size() >= kPiece) {
      pieces_.emplace_back();
    }
    std::string& piece = pieces_.back().copied;
    const std::string_view part = text.substr(0, kPiece - piece.size());
    piece.append(part);
    size_ += part.size();
    text.remove_prefix(part.size());
  }
}

void OutQueue::lend(std::string_view text, const Owner& owner) {
  if (text.size() < kLend || !owner) {
    append(text);
    return;
  }
  pieces_.push_back({{}, text, owner});
  size_ += text.size();
}

std::size_t OutQueue::first(std::span<iovec> parts) const {
  std::size_t count = 0;
  std::size_t skip = gone_;
  for (const Piece& piece : pieces_) {
    if (count == parts.size()) {
      break;
    }
    const std::string_view text = piece.text().substr(skip);
    skip = 0;
    if (!text.empty()) {
      parts[count++] = {const_cast<char*>(text.data()), text.size()};
    }
  }
  return count;
}

void OutQueue::consume(std::size_t count) {
  size_ -= count;
  gone_ += count;
  while (!pieces_.empty() && gone_ >= pieces_.front().text().size()) {
    if (pieces_.size() == 1 && !pieces_.front().owner) {
      gone_ = 0;
      pieces_.front().copied.clear();  // its memory serves the next ones
      return;
    }
    gone_ -= pieces_.front().text().size();
    pieces_.pop_front();
  }
}

}  // namespace notify::redis
