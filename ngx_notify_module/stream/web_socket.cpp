#include "ngx_notify_module/stream/web_socket.hpp"

#include <array>
#include <utility>

#include "ngx_notify_module/ngx/address.hpp"
#include "ngx_notify_module/ngx/last_filters.hpp"
#include "ngx_notify_module/ngx/response_header.hpp"

namespace notify {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
// Of one client in one turn of the loop.
constexpr unsigned kReads = 8;

bool add_header(ngx_http_request_t* r, ngx_str_t name, std::string_view value) {
  return add_response_header(r, name, to_pool(r->pool, value)) != nullptr;
}

}  // namespace

WebSocket::WebSocket(ngx_http_request_t* r, Options options)
    : Seat(address_of(r)),
      r_(r),
      accept_(std::move(options.accept)),
      protocol_(std::move(options.protocol)),
      talk_(options.limits, options.times, ngx_current_msec),
      receiver_(std::move(options.receiver)),
      unfinished_(*options.unfinished),
      now_ms_(ngx_current_msec) {}

WebSocket::~WebSocket() { unfinished_.hold(*this, 0); }

ngx_int_t WebSocket::send_head() {
  r_->keepalive = 0;  // no request follows
  r_->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
  r_->headers_out.status_line = lit("101 Switching Protocols");
  r_->headers_out.content_type = {};
  ngx_http_clear_content_length(r_);
  ngx_http_clear_accept_ranges(r_);
  ngx_http_clear_last_modified(r_);
  ngx_http_clear_etag(r_);
  r_->disable_not_modified = 1;
  // nginx adds `Connection: upgrade` to this status.
  if (!add_header(r_, lit("Upgrade"), "websocket") ||
      !add_header(r_, lit("Sec-WebSocket-Accept"), accept_) ||
      (!protocol_.empty() && !add_header(r_, lit("Sec-WebSocket-Protocol"), protocol_))) {
    return NGX_ERROR;
  }
  accept_ = {};
  protocol_ = {};
  ngx_http_set_log_request(r_->connection->log, r_);
  ngx_event_t* read = r_->connection->read;
  ngx_post_event(read, &ngx_posted_next_events);  // what came along with the request
  return send_head_through(r_);
}

// ---- reading ------------------------------------------------------------------------------------

bool WebSocket::read(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  const bool there = read_socket();
  unfinished_.hold(*this, talk_.unfinished() + unread_.capacity());
  return there;
}

// Another one needs the room, and this one has most of it.
void WebSocket::make_room() {
  unread_ = {};
  talk_.give_up(websocket::CloseCode::kTryAgainLater, "too many messages are half finished");
  ngx_post_event(r_->connection->read, &ngx_posted_events);  // it says so, and leaves
}

bool WebSocket::read_socket() {
  settle();
  if (!held() && !unread_.empty()) {
    const std::string bytes = std::exchange(unread_, {});
    feed(bytes);
  }
  if (ngx_buf_t* early = r_->header_in; !held() && early->pos < early->last) {
    const auto size = static_cast<std::size_t>(early->last - early->pos);
    const std::string_view bytes = view(std::exchange(early->pos, early->last), size);
    feed(bytes);
  }
  ngx_connection_t* c = r_->connection;
  std::array<u_char, kReadBytes> buffer;  // NOLINT(*-member-init): it is written before it is read
  for (unsigned reads = 0; !held() && !over(); ++reads) {
    if (reads == kReads) {
      ngx_post_event(c->read, &ngx_posted_next_events);
      break;
    }
    const ssize_t got = c->recv(c, buffer.data(), buffer.size());
    if (got == NGX_AGAIN) {
      break;
    }
    if (got <= 0) {
      return false;
    }
    feed(view(buffer.data(), static_cast<std::size_t>(got)));
  }
  if (held() && !busy() && now_ms_ < receiver_->ready_ms()) {
    wait_for_rate();
  }
  return ngx_handle_read_event(c->read, 0) == NGX_OK;
}

void WebSocket::feed(std::string_view bytes) {
  talk_.receive(bytes, now_ms_, *this);
  unread_.append(bytes);
}

bool WebSocket::held() const {
  return open() && receiver_ != nullptr &&
         (busy() || receiver_->echoes() || now_ms_ < receiver_->ready_ms());
}

std::string WebSocket::take_outbox() {
  const std::string echo = receiver_ != nullptr ? receiver_->take_echo() : std::string();
  return echo + talk_.take_outbox();
}

void WebSocket::wait_for_rate() {
  if (rate_timer_ == nullptr) {
    rate_timer_ = std::make_unique<EventTimer>(EventTimer::kCancelable, [c = r_->connection] {
      ngx_post_event(c->read, &ngx_posted_events);
    });
  }
  rate_timer_->arm(std::chrono::milliseconds(receiver_->ready_ms() - now_ms_));
}

// ---- messages -----------------------------------------------------------------------------------

bool WebSocket::on_message(bool is_text, std::string_view payload) {
  if (receiver_ == nullptr) {
    return refuse("no messages are taken here");
  }
  if (!is_text) {
    return refuse("only text is taken here");
  }
  receiver_->take(payload, now_ms_);
  return false;
}

bool WebSocket::refuse(std::string_view why) {
  fault_ = Fault::kRefused;
  close(websocket::CloseCode::kUnsupportedData, why, now_ms_);
  return true;
}

// The client cannot be told by a status which message it was: it is to connect again, and look.
void WebSocket::settle() {
  if (receiver_ == nullptr || busy()) {
    return;
  }
  if (const std::optional<Error> failure = receiver_->take_failure()) {
    fault_ = Fault::kFailed;
    const bool passing =
        failure->kind == ErrorKind::kUnavailable || failure->kind == ErrorKind::kUnknownOutcome;
    close(passing ? websocket::CloseCode::kTryAgainLater : websocket::CloseCode::kInternalError,
          failure->message, now_ms_);
  }
}

void WebSocket::on_time(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  if (!held()) {  // else the answer may be among what was not read
    talk_.on_time(now_ms);
  }
}

void WebSocket::close(websocket::CloseCode code, std::string_view reason, std::uint64_t now_ms) {
  talk_.close(code, reason, now_ms);
}

}  // namespace notify
