#include "ngx_notify_module/websocket/utf8_stream.hpp"

#include "shared/base/utf8.hpp"

namespace notify::websocket {
namespace {

// Whether more can make it whole. utf8_step() has found nothing wrong behind the first byte.
bool may_begin(std::string_view open) {
  const auto lead = static_cast<unsigned char>(open.front());
  return lead >= 0xc2 && lead <= 0xf4;
}

}  // namespace

bool Utf8Stream::take(std::string_view piece) {
  while (!piece.empty()) {
    if (size_ == 0) {
      const Utf8Step step = utf8_step(piece);
      if (step.valid) {
        piece.remove_prefix(step.length);
        continue;
      }
      if (step.length != piece.size()) {
        return false;
      }
    }
    open_[size_++] = piece.front();
    piece.remove_prefix(1);
    const std::string_view open(open_.data(), size_);
    const Utf8Step step = utf8_step(open);
    if (step.valid) {
      size_ = 0;
    } else if (step.length != size_ || !may_begin(open)) {
      return false;
    }
  }
  return true;
}

}  // namespace notify::websocket
