#pragma once

// Immutable bytes that many subscribers' buffers point at. Counted without atomics: they live and
// die on the one thread of an nginx worker.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace notify {

class Bytes {
 public:
  explicit Bytes(std::string text) : text_(std::move(text)) {}
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] std::size_t size() const { return text_.size(); }

 private:
  friend class BytesRef;
  std::uint32_t references_ = 0;
  const std::string text_;
};

class BytesRef {
 public:
  BytesRef() = default;
  explicit BytesRef(std::string text) : bytes_(new Bytes(std::move(text))) {
    ++bytes_->references_;
  }
  BytesRef(const BytesRef& other) : bytes_(other.bytes_) {
    if (bytes_ != nullptr) {
      ++bytes_->references_;
    }
  }
  BytesRef(BytesRef&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  BytesRef& operator=(BytesRef other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BytesRef() {
    if (bytes_ != nullptr && --bytes_->references_ == 0) {
      delete bytes_;
    }
  }

  const Bytes& operator*() const { return *bytes_; }
  const Bytes* operator->() const { return bytes_; }
  explicit operator bool() const { return bytes_ != nullptr; }
  [[nodiscard]] std::uint32_t use_count() const {
    return bytes_ == nullptr ? 0 : bytes_->references_;
  }

 private:
  Bytes* bytes_ = nullptr;
};

}  // namespace notify
