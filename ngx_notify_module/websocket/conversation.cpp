#include "ngx_notify_module/websocket/conversation.hpp"

#include <utility>

namespace notify::websocket {

void Conversation::receive(std::string_view& bytes, std::uint64_t now_ms, Listener& listener) {
  while (state_ != State::kOver) {
    const std::optional<Reader::Event> event = reader_.next(bytes);
    if (!event || !on_event(*event, now_ms, listener)) {
      return expect_whole(now_ms);
    }
  }
  bytes = {};
}

// What has begun holds memory until it is complete, however much its sender says in between.
void Conversation::expect_whole(std::uint64_t now_ms) {
  if (state_ != State::kOpen || !reader_.midway()) {
    whole_ms_ = kNever;
  } else if (whole_ms_ == kNever) {
    whole_ms_ = now_ms + times_.message_ms;
  }
}

bool Conversation::on_event(const Reader::Event& event, std::uint64_t now_ms, Listener& listener) {
  using Kind = Reader::Event::Kind;
  switch (event.kind) {
    case Kind::kText:
    case Kind::kBinary:
      whole_ms_ = kNever;
      return state_ != State::kOpen ||
             listener.on_message(event.kind == Kind::kText, event.payload);
    case Kind::kPing:
      if (state_ == State::kOpen) {
        pong_.emplace(event.payload);
      }
      break;
    case Kind::kPong:
      // Any one shows that the peer lives, also one that nobody asked for.
      if (state_ == State::kOpen && awaits_pong_) {
        awaits_pong_ = false;
        due_ms_ = now_ms + times_.ping_ms;
      }
      break;
    case Kind::kClose:
    case Kind::kWrong:
      problem_ = event.kind == Kind::kWrong ? event.payload : problem_;
      if (state_ == State::kClosing) {
        state_ = State::kOver;
        due_ms_ = kNever;
      } else {
        end(event.code, event.kind == Kind::kWrong ? event.payload : std::string_view{});
      }
      break;
  }
  return true;
}

void Conversation::close(CloseCode code, std::string_view reason, std::uint64_t now_ms) {
  if (state_ != State::kOpen) {
    return;
  }
  end(code, reason);
  state_ = State::kClosing;
  due_ms_ = now_ms + times_.close_ms;
}

void Conversation::give_up(CloseCode code, std::string_view reason) {
  reader_.drop();
  if (state_ != State::kOver) {
    problem_ = reason;
    end(code, reason);
  }
}

void Conversation::end(CloseCode code, std::string_view reason) {
  state_ = State::kOver;
  due_ms_ = kNever;
  whole_ms_ = kNever;
  code_ = code;
  close_ = close_frame(code, reason);
  pong_.reset();
  ping_owed_ = false;
}

void Conversation::on_time(std::uint64_t now_ms) {
  if (now_ms >= whole_ms_) {
    problem_ = "a message was not complete in time";
    end(CloseCode::kPolicyViolation, problem_);
  }
  if (now_ms < due_ms_) {
    return;
  }
  if (state_ == State::kClosing) {
    problem_ = "the client did not answer the close";
    state_ = State::kOver;
    due_ms_ = kNever;
  } else if (awaits_pong_) {
    problem_ = "the client did not answer a ping";
    end(CloseCode::kPolicyViolation, "no pong");
  } else {
    awaits_pong_ = true;
    ping_owed_ = true;
    due_ms_ = now_ms + times_.pong_ms;
  }
}

std::string Conversation::take_outbox() {
  std::string out;
  if (ping_owed_) {
    append_frame(out, Opcode::kPing, {});
    ping_owed_ = false;
  }
  if (pong_) {
    append_frame(out, Opcode::kPong, *pong_);
    pong_.reset();
  }
  out.append(std::exchange(close_, {}));
  return out;
}

}  // namespace notify::websocket
