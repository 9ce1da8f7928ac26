#include "ngx_notify_module/websocket/reader.hpp"

#include <algorithm>

#include "shared/base/utf8.hpp"

namespace notify::websocket {
namespace {

constexpr std::size_t kStart = 2;  // bytes that say how long the header is
constexpr std::size_t kMask = 4;
constexpr unsigned kReserved = 0x70;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kLength = 0x7f;

bool is_known(Opcode opcode) {
  switch (opcode) {
    case Opcode::kContinuation:
    case Opcode::kText:
    case Opcode::kBinary:
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      return true;
  }
  return false;
}

}  // namespace

std::optional<Reader::Event> Reader::next(std::string_view& bytes) {
  if (delivered_) {
    delivered_ = false;
    text_ = {};  // gives the memory back: an idle client holds none
  }
  for (;;) {
    switch (state_) {
      case State::kFinished:
        bytes = {};
        return std::nullopt;
      case State::kHeader: {
        const bool complete = take_header(bytes);
        // What is wrong with the first bytes is said before the rest has come.
        std::optional<Event> problem = header_size_ >= kStart ? check_start() : std::nullopt;
        if (!problem && complete) {
          problem = open_frame();
        }
        if (problem || !complete) {
          return problem;
        }
        break;
      }
      case State::kPayload:
        if (std::optional<Event> event = take_payload(bytes)) {
          return event;
        }
        if (state_ == State::kPayload) {
          return std::nullopt;
        }
        break;
    }
  }
}

std::size_t Reader::header_length() const {
  if (header_size_ < kStart) {
    return kStart;
  }
  const unsigned length = header_[1] & kLength;
  const std::size_t extended = length == 126 ? 2 : (length == 127 ? 8 : 0);
  return kStart + extended + kMask;
}

bool Reader::take_header(std::string_view& bytes) {
  while (header_size_ < header_length()) {
    if (bytes.empty()) {
      return false;
    }
    header_[header_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
  }
  return true;
}

std::optional<Reader::Event> Reader::check_start() {
  if ((header_[0] & kReserved) != 0) {
    return wrong(CloseCode::kProtocolError, "reserved bits are set and no extension was agreed on");
  }
  if (!is_known(opcode())) {
    return wrong(CloseCode::kProtocolError, "unknown opcode");
  }
  if ((header_[1] & kMasked) == 0) {
    return wrong(CloseCode::kProtocolError, "a client's frame must be masked");
  }
  if (is_control(opcode())) {
    if (!fin()) {
      return wrong(CloseCode::kProtocolError, "a control frame must not be fragmented");
    }
    if ((header_[1] & kLength) > kMaxControl) {
      return wrong(CloseCode::kProtocolError, "a control frame may carry 125 bytes");
    }
  } else if (opcode() == Opcode::kContinuation) {
    if (message_ == Opcode::kContinuation) {
      return wrong(CloseCode::kProtocolError, "there is no message to be continued");
    }
  } else if (message_ != Opcode::kContinuation) {
    return wrong(CloseCode::kProtocolError, "the message before is not complete");
  }
  return std::nullopt;
}

// The header is complete.
std::optional<Reader::Event> Reader::open_frame() {
  length_ = header_[1] & kLength;
  const std::size_t extended = header_size_ - kStart - kMask;
  if (extended > 0) {
    length_ = 0;
    for (std::size_t i = 0; i < extended; ++i) {
      length_ = (length_ << 8) | header_[kStart + i];
    }
    if (length_ <= (extended == 2 ? 125U : 0xffffU)) {
      return wrong(CloseCode::kProtocolError, "a length must be in its shortest form");
    }
    if (length_ >> 63 != 0) {
      return wrong(CloseCode::kProtocolError, "a length has 63 bits");
    }
  }
  taken_ = 0;
  state_ = State::kPayload;
  if (is_control(opcode())) {
    control_.clear();
    return std::nullopt;
  }
  if (length_ > limits_.max_message - text_.size()) {
    return wrong(CloseCode::kMessageTooBig, "the message is too big");
  }
  if (opcode() != Opcode::kContinuation) {
    message_ = opcode();
    frames_ = 0;
    utf8_.reset();
  }
  if (++frames_ > limits_.max_frames) {
    return wrong(CloseCode::kPolicyViolation, "the message has too many frames");
  }
  return std::nullopt;
}

std::optional<Reader::Event> Reader::take_payload(std::string_view& bytes) {
  std::string& target = is_control(opcode()) ? control_ : text_;
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), length_ - taken_);
  const std::uint8_t* mask = header_.data() + header_size_ - kMask;
  const std::size_t before = target.size();
  target.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  for (std::size_t i = 0; i < count; ++i) {
    target[before + i] = static_cast<char>(static_cast<std::uint8_t>(target[before + i]) ^
                                           mask[(taken_ + i) % kMask]);
  }
  taken_ += count;
  if (!is_control(opcode()) && message_ == Opcode::kText &&
      !utf8_.take(std::string_view(target).substr(before))) {
    return wrong(CloseCode::kInvalidPayload, "a text message must be UTF-8");
  }
  return taken_ == length_ ? end_frame() : std::nullopt;
}

std::optional<Reader::Event> Reader::end_frame() {
  state_ = State::kHeader;
  header_size_ = 0;
  switch (opcode()) {
    case Opcode::kPing:
      return Event{Event::Kind::kPing, control_};
    case Opcode::kPong:
      return Event{Event::Kind::kPong, control_};
    case Opcode::kClose:
      return end_close();
    default:
      break;
  }
  if (!fin()) {
    return std::nullopt;
  }
  const bool is_text = message_ == Opcode::kText;
  if (is_text && !utf8_.complete()) {
    return wrong(CloseCode::kInvalidPayload, "a text message must be UTF-8");
  }
  message_ = Opcode::kContinuation;
  delivered_ = true;
  return Event{is_text ? Event::Kind::kText : Event::Kind::kBinary, text_};
}

Reader::Event Reader::end_close() {
  if (control_.empty()) {
    state_ = State::kFinished;
    return {Event::Kind::kClose, {}};
  }
  if (control_.size() == 1) {
    return wrong(CloseCode::kProtocolError, "a close code has two bytes");
  }
  const auto code = static_cast<std::uint16_t>((static_cast<std::uint8_t>(control_[0]) << 8) |
                                               static_cast<std::uint8_t>(control_[1]));
  if (!may_be_sent(code)) {
    return wrong(CloseCode::kProtocolError, "that close code must not be sent");
  }
  const std::string_view reason = std::string_view(control_).substr(2);
  if (!is_utf8(reason)) {
    return wrong(CloseCode::kInvalidPayload, "the reason of a close must be UTF-8");
  }
  state_ = State::kFinished;
  return {Event::Kind::kClose, reason, static_cast<CloseCode>(code)};
}

Reader::Event Reader::wrong(CloseCode code, std::string_view problem) {
  state_ = State::kFinished;
  text_ = {};
  return {Event::Kind::kWrong, problem, code};
}

}  // namespace notify::websocket
