#include "ngx_notify_module/stream/outlet.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/ngx/last_filters.hpp"
#include "ngx_notify_module/ngx/response_header.hpp"
#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/wire/sse.hpp"

namespace notify {
namespace {

std::string_view text(Outlet::CloseReason reason) {
  switch (reason) {
    case Outlet::CloseReason::kClient:
      return "client";
    case Outlet::CloseReason::kSlow:
      return "slow";
    case Outlet::CloseReason::kError:
      return "error";
    case Outlet::CloseReason::kDrain:
      return "drain";
    case Outlet::CloseReason::kExpired:
      return "expired";
    case Outlet::CloseReason::kHeld:
      return "held";
    case Outlet::CloseReason::kRefused:
      return "refused";
    case Outlet::CloseReason::kGroupLost:
      return "group_lost";
    case Outlet::CloseReason::kLeaseLost:
      return "lease_lost";
    case Outlet::CloseReason::kProtocol:
      return "protocol";
    case Outlet::CloseReason::kSilent:
      return "silent";
  }
  return "";
}

void count(Outlet::CloseReason reason) {
  constexpr auto kFirst = static_cast<unsigned>(metrics::Counter::kCloseClient);
  static_assert(static_cast<unsigned>(metrics::Counter::kCloseSilent) - kFirst ==
                static_cast<unsigned>(Outlet::CloseReason::kSilent));
  metrics::count(static_cast<metrics::Counter>(kFirst + static_cast<unsigned>(reason)));
}

const ngx_http_core_loc_conf_t* core_conf(ngx_http_request_t* r) {
  return static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_get_module_loc_conf(r, ngx_http_core_module));
}

}  // namespace

ngx_int_t send_stream_head(ngx_http_request_t* r) {
  r->headers_out.status = NGX_HTTP_OK;
  r->headers_out.content_type = lit("text/event-stream");
  r->headers_out.content_type_len = r->headers_out.content_type.len;
  r->headers_out.content_type_lowcase = nullptr;
  ngx_http_clear_content_length(r);
  ngx_http_clear_accept_ranges(r);
  ngx_http_clear_last_modified(r);
  ngx_http_clear_etag(r);
  r->disable_not_modified = 1;
#if (NGX_HTTP_GZIP)
  r->gzip_tested = 1;  // a compressor would keep events until it has a block of them
  r->gzip_ok = 0;
  r->gzip_vary = 0;
#endif
  if (add_response_header(r, lit("Cache-Control"), lit("no-cache")) == nullptr ||
      add_response_header(r, lit("X-Accel-Buffering"), lit("no")) == nullptr) {
    return NGX_ERROR;
  }
  ngx_http_set_log_request(r->connection->log, r);
  return send_head_through(r);
}

// ---- life ---------------------------------------------------------------------------------------

Outlet::Outlet(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf, OutChain& out,
               std::string_view& close_reason)
    : sessions_(sessions),
      r_(r),
      conf_(conf),
      out_(out),
      close_reason_(close_reason),
      next_beat_ms_(sessions.now_ms() + conf.keepalive->interval) {
  sessions_.add(*this);
}

Outlet::~Outlet() {
  if (close_reason_.empty()) {
    close_reason_ = text(CloseReason::kClient);
    count(CloseReason::kClient);
  }
  sessions_.remove(*this);
}

void Outlet::begin() {
  ngx_connection_t* c = r_->connection;
  c->log->action = const_cast<char*>("sending events");
  if (r_->stream == nullptr && core_conf(r_)->tcp_nodelay) {
    ngx_tcp_nodelay(c);  // an event is not to wait for the acknowledgement of the one before
  }
}

void Outlet::begin(std::uint64_t head_delay_ms) {
  begin();
  wait_until(sessions_.now_ms() + head_delay_ms);
}

// Nothing comes and nothing goes any more. The first reason stands.
void Outlet::stop(CloseReason reason) {
  if (close_reason_.empty()) {
    close_reason_ = text(reason);
    count(reason);
  }
  Hook<WheelTag>::unlink();
  leave();
}

void Outlet::close(CloseReason reason, ngx_int_t outcome) {
  if (ending()) {
    return;
  }
  state_ = State::kClosing;
  outcome_ = outcome;
  stop(reason);
  sessions_.end_later(*this);
}

void Outlet::end() { finalize(outcome()); }

// The request may be gone when this returns, and this object with it.
void Outlet::finalize(ngx_int_t outcome) {
  state_ = State::kEnded;
  ngx_connection_t* c = r_->connection;
  ngx_http_set_log_request(c->log, r_);
  if (socket_ != nullptr && !socket_->problem().empty()) {
    r_->lingering_close = 1;  // it may be sending still: a reset would cost it our Close
  }
  ngx_http_finalize_request(r_, outcome);
  ngx_http_run_posted_requests(c);
}

ngx_int_t Outlet::complete(std::span<const BytesRef> pieces) {
  if (!send_head()) {
    return NGX_ERROR;
  }
  ngx_http_set_log_request(r_->connection->log, r_);
  return out_.send(pieces, true);
}

// ---- draining -----------------------------------------------------------------------------------

std::uint64_t Outlet::retry_ms() const {
  constexpr std::uint64_t kDefault = 1000;
  return *conf_.retry > 0 ? *conf_.retry : kDefault;
}

bool Outlet::end_with_retry(std::uint64_t retry_ms) {
  if (state_ != State::kStreaming && state_ != State::kWaiting) {
    return false;
  }
  if (socket_ != nullptr) {
    if (socket_->busy()) {
      return false;
    }
    socket_->close(websocket::CloseCode::kServiceRestart, "retry=" + std::to_string(retry_ms),
                   sessions_.now_ms());
    part(CloseReason::kDrain);
    return true;
  }
  stop(CloseReason::kDrain);
  const BytesRef last(sse::retry(retry_ms));
  finalize(complete(std::span(&last, 1)));
  return true;
}

void Outlet::cut() {
  Hook<ClosingTag>::unlink();
  stop(CloseReason::kDrain);
  finalize(NGX_ERROR);
}

// ---- sending ------------------------------------------------------------------------------------

bool Outlet::send_head() {
  if (std::exchange(head_sent_, true)) {
    return true;
  }
  const ngx_int_t outcome = socket_ != nullptr ? socket_->send_head() : send_stream_head(r_);
  return outcome != NGX_ERROR && outcome <= NGX_OK;
}

// The head with nothing behind it.
hub::Flow Outlet::flush_head() {
  if (!send_head()) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  state_ = State::kStreaming;
  if (r_->stream != nullptr && socket_ == nullptr) {
    // A flush without bytes does not reach the connection that HTTP/2 streams share: over TLS the
    // head would stay in its buffer.
    const BytesRef line(sse::comment_line(""));
    return settle(out_.send(std::span(&line, 1)));
  }
  return settle(out_.send_flush());
}

hub::Flow Outlet::open() {
  if (over()) {
    return hub::Flow::kClosed;
  }
  if (!Hook<WheelTag>::linked()) {
    wait_until(next_beat());
  }
  const BytesRef& first = socket_ != nullptr ? conf_.first_message : conf_.first_frame;
  if (!first) {
    return head_sent_ ? hub::Flow::kOpen : flush_head();
  }
  return pass(std::span(&first, 1));
}

hub::Flow Outlet::send(std::span<const BytesRef> pieces) {
  spoke_ = true;
  return pass(pieces);
}

hub::Flow Outlet::pass(std::span<const BytesRef> pieces) {
  if (over()) {
    return hub::Flow::kClosed;
  }
  if (!send_head()) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  state_ = State::kStreaming;
  ngx_http_set_log_request(r_->connection->log, r_);
  return settle(out_.send(pieces));
}

// After a call of the filters.
hub::Flow Outlet::settle(ngx_int_t outcome) {
  const ngx_connection_t* c = r_->connection;
  if (outcome == NGX_ERROR || c->error) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  if (outcome == NGX_OK) {
    forget_writable();
    return hub::Flow::kOpen;
  }
  block();
  return state_ == State::kBlocked ? hub::Flow::kBlocked : hub::Flow::kClosed;
}

void Outlet::block() {
  state_ = State::kBlocked;
  if (!wait_writable()) {
    close(CloseReason::kError, NGX_ERROR);
  }
}

// With limit_rate the timer is nginx's: it alone ends the delay.
bool Outlet::wait_writable() {
  ngx_event_t* write = r_->connection->write;
  if (!write->delayed) {
    ngx_add_timer(write, *conf_.send_timeout);
  }
  return ngx_handle_write_event(write, core_conf(r_)->send_lowat) == NGX_OK;
}

void Outlet::forget_writable() {
  ngx_event_t* write = r_->connection->write;
  if (write->timer_set && !write->delayed) {
    ngx_del_timer(write);
  }
}

void Outlet::on_writable() {
  ngx_connection_t* c = r_->connection;
  ngx_event_t* write = c->write;
  if (state_ != State::kBlocked && state_ != State::kParting) {
    return;
  }
  if (write->timedout) {
    c->timedout = 1;
    ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client takes no events");
    close(CloseReason::kSlow, NGX_HTTP_REQUEST_TIME_OUT);
    return;
  }
  if (!write->delayed) {
    if (state_ == State::kParting) {
      go_on_parting();
      return;
    }
    state_ = State::kStreaming;
    if (settle(out_.flush()) == hub::Flow::kOpen && say() == hub::Flow::kOpen) {
      drained();
    }
  } else if (ngx_handle_write_event(write, core_conf(r_)->send_lowat) != NGX_OK) {
    close(CloseReason::kError, NGX_ERROR);
  }
}

// ---- a WebSocket --------------------------------------------------------------------------------

void Outlet::on_readable() {
  if (!head_sent_) {
    ngx_http_test_reading(r_);  // has the client left? It is not to speak yet
    return;
  }
  if (ending()) {
    return;
  }
  if (!socket_->read(sessions_.now_ms())) {
    close(CloseReason::kClient, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    return;
  }
  switch (socket_->fault()) {
    case WebSocket::Fault::kNone:
      converse(socket_->problem().empty() ? CloseReason::kClient : CloseReason::kProtocol);
      break;
    case WebSocket::Fault::kRefused:
      converse(CloseReason::kRefused);
      break;
    case WebSocket::Fault::kFailed:
      converse(CloseReason::kError);
      break;
  }
  if (state_ == State::kStreaming) {
    wait_until(socket_->due_ms());  // a message that has begun is to end in time
  }
}

// What the conversation has to say now.
void Outlet::converse(CloseReason why_over) {
  if (state_ == State::kParting) {
    go_on_parting();
  } else if (!socket_->open()) {
    if (!socket_->problem().empty()) {
      log_text(NGX_LOG_INFO, r_->connection->log,
               "notify: WebSocket ended: " + std::string(socket_->problem()));
    }
    part(why_over);
  } else if (state_ == State::kStreaming) {
    (void)say();
  }
}

hub::Flow Outlet::say() {
  std::string owed = socket_ != nullptr ? socket_->take_outbox() : std::string();
  if (owed.empty()) {
    return hub::Flow::kOpen;
  }
  const BytesRef piece(std::move(owed));
  return send(std::span(&piece, 1));
}

void Outlet::part(CloseReason reason) {
  stop(reason);
  expires_ms_ = kNever;
  state_ = State::kParting;
  go_on_parting();
}

// Sends what is owed. It is over when both have said Close and all is sent.
void Outlet::go_on_parting() {
  const BytesRef piece(socket_->take_outbox());
  ngx_int_t outcome = NGX_ERROR;
  if (send_head()) {
    ngx_http_set_log_request(r_->connection->log, r_);
    outcome = piece->size() > 0 ? out_.send(std::span(&piece, 1)) : out_.flush();
  }
  if (outcome == NGX_ERROR || r_->connection->error || (outcome == NGX_AGAIN && !wait_writable())) {
    close(CloseReason::kError, NGX_ERROR);
    return;
  }
  if (outcome == NGX_OK) {
    forget_writable();
    if (socket_->over()) {
      close(CloseReason::kClient, NGX_OK);
      return;
    }
  }
  wait_until(socket_->due_ms());
}

// ---- what is due --------------------------------------------------------------------------------

void Outlet::wait_until(std::uint64_t due_ms) {
  due_ms = std::min(due_ms, expires_ms_);
  if (due_ms != kNever) {
    sessions_.wheel().set(*this, due_ms);
  }
}

std::uint64_t Outlet::next_beat() const {
  if (socket_ != nullptr) {
    constexpr std::uint64_t kAgain = 1000;  // what is due cannot be done now
    return std::max(socket_->due_ms(), sessions_.now_ms() + kAgain);
  }
  return conf_.keepalive->interval > 0 ? next_beat_ms_ : kNever;
}

void Outlet::expire_in(std::uint64_t ms) { expires_ms_ = sessions_.now_ms() + ms; }

void Outlet::revoke() {
  if (!over()) {
    revoked_ = true;
    expire_in(0);
    wait_until(expires_ms_);
  }
}

// This object may be gone when it returns.
void Outlet::expire() {
  const bool blocked = state_ == State::kBlocked;
  if (socket_ != nullptr && !blocked) {
    socket_->close(websocket::CloseCode::kPolicyViolation,
                   revoked_ ? "the key was revoked" : "the token has expired", sessions_.now_ms());
    part(CloseReason::kExpired);
    return;
  }
  stop(CloseReason::kExpired);
  const BytesRef last(sse::expired(revoked_ ? "key" : "token"));
  finalize(blocked ? NGX_ERROR : complete(std::span(&last, 1)));
}

void Outlet::on_due(std::uint64_t now_ms) {
  if (now_ms >= expires_ms_) {
    expire();
    return;
  }
  if (!head_sent_ && flush_head() == hub::Flow::kClosed) {
    return;
  }
  if (socket_ != nullptr) {
    if (state_ != State::kBlocked) {
      socket_->on_time(now_ms);
      if (state_ == State::kParting && out_.blocked()) {
        close(CloseReason::kSlow, NGX_ERROR);
        return;
      }
      converse(CloseReason::kSilent);
    }
    if (!over()) {
      wait_until(next_beat());
    }
    return;
  }
  const std::uint64_t interval = conf_.keepalive->interval;
  if (interval > 0 && now_ms >= next_beat_ms_) {
    next_beat_ms_ += ((now_ms - next_beat_ms_) / interval + 1) * interval;
    // Who takes nothing hears nothing.
    const BytesRef& beat = spoke_ ? conf_.later_heartbeat : conf_.heartbeat;
    if (state_ == State::kStreaming && pass(std::span(&beat, 1)) == hub::Flow::kClosed) {
      return;
    }
  }
  wait_until(next_beat());
}

}  // namespace notify
