#include "ngx_notify_module/stream/session.hpp"

#include <utility>

#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {
namespace {

// A new client gets its head at once where the stream is known here already, else after the
// subscription was confirmed, or so much later.
constexpr std::uint64_t kHeadDelayMs = 250;

std::string_view text(hub::Resume resume) {
  switch (resume) {
    case hub::Resume::kPending:
      return "";
    case hub::Resume::kNew:
      return "new";
    case hub::Resume::kRing:
      return "ring";
    case hub::Resume::kReplayed:
      return "replayed";
    case hub::Resume::kGap:
      return "gap";
  }
  return "";
}

std::string_view text(Session::CloseReason reason) {
  switch (reason) {
    case Session::CloseReason::kClient:
      return "client";
    case Session::CloseReason::kSlow:
      return "slow";
    case Session::CloseReason::kError:
      return "error";
    case Session::CloseReason::kDrain:
      return "drain";
  }
  return "";
}

bool add_header(ngx_http_request_t* r, ngx_str_t name, ngx_str_t value) {
  auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
  if (header == nullptr) {
    return false;
  }
  *header = {};
  header->hash = 1;
  header->key = name;
  header->value = value;
  return true;
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
  if (!add_header(r, lit("Cache-Control"), lit("no-cache")) ||
      !add_header(r, lit("X-Accel-Buffering"), lit("no"))) {
    return NGX_ERROR;
  }
  ngx_http_set_log_request(r->connection->log, r);
  return ngx_http_send_header(r);
}

// ---- life
// ----------------------------------------------------------------------------------------

Session::Session(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
                 OutChain& out, Report report)
    : sessions_(sessions),
      r_(r),
      conf_(conf),
      out_(out),
      report_(report),
      next_beat_ms_(sessions.now_ms() + conf.keepalive->interval) {
  sessions_.add(*this);
}

Session::~Session() {
  if (report_.close_reason.empty()) {
    report_.close_reason = text(CloseReason::kClient);
  }
  report_resume();
  sessions_.remove(*this);
}

void Session::start(std::string_view stream, const hub::Start& start) {
  ngx_connection_t* c = r_->connection;
  c->log->action = const_cast<char*>("sending events");
  if (r_->stream == nullptr && core_conf(r_)->tcp_nodelay) {
    ngx_tcp_nodelay(c);  // an event is not to wait for the acknowledgement of the one before
  }
  sessions_.wheel().set(*this, sessions_.now_ms() + kHeadDelayMs);
  subscriber_ = sessions_.hub().join(stream, *conf_.format, *this, start);
}

void Session::close(CloseReason reason, ngx_int_t outcome) {
  if (state_ == State::kClosing || state_ == State::kEnded) {
    return;
  }
  state_ = State::kClosing;
  outcome_ = outcome;
  report_.close_reason = text(reason);
  report_resume();
  Hook<hub::WheelTag>::unlink();
  subscriber_.reset();
  sessions_.end_later(*this);
}

void Session::report_resume() {
  if (subscriber_ != nullptr) {
    report_.resume = text(subscriber_->resume());
  }
}

void Session::end() { finalize(outcome_); }

// The request may be gone when this returns, and this object with it.
void Session::finalize(ngx_int_t outcome) {
  state_ = State::kEnded;
  ngx_connection_t* c = r_->connection;
  ngx_http_set_log_request(c->log, r_);
  ngx_http_finalize_request(r_, outcome);
  ngx_http_run_posted_requests(c);
}

// ---- draining
// ------------------------------------------------------------------------------------

std::uint64_t Session::retry_ms() const {
  constexpr std::uint64_t kDefault = 1000;
  return *conf_.retry > 0 ? *conf_.retry : kDefault;
}

bool Session::end_with_retry(std::uint64_t retry_ms) {
  if (state_ != State::kStreaming && state_ != State::kWaiting) {
    return false;
  }
  report_.close_reason = text(CloseReason::kDrain);
  report_resume();
  Hook<hub::WheelTag>::unlink();
  subscriber_.reset();
  if (!send_head()) {
    finalize(NGX_ERROR);
    return true;
  }
  const hub::BytesRef last(sse::retry(retry_ms));
  ngx_http_set_log_request(r_->connection->log, r_);
  finalize(out_.send(std::span(&last, 1), true));
  return true;
}

void Session::cut() {
  Hook<hub::WheelTag>::unlink();
  Hook<ClosingTag>::unlink();
  report_.close_reason = text(CloseReason::kDrain);
  report_resume();
  subscriber_.reset();
  finalize(NGX_ERROR);
}

// ---- sending
// -------------------------------------------------------------------------------------

bool Session::send_head() {
  if (std::exchange(head_sent_, true)) {
    return true;
  }
  const ngx_int_t outcome = send_stream_head(r_);
  return outcome != NGX_ERROR && outcome <= NGX_OK;
}

// The head with nothing behind it.
hub::Flow Session::flush_head() {
  if (!send_head()) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  state_ = State::kStreaming;
  const ngx_int_t outcome = ngx_http_send_special(r_, NGX_HTTP_FLUSH);
  return settle(outcome == NGX_OK && out_.blocked() ? NGX_AGAIN : outcome);
}

hub::Flow Session::attached() {
  if (state_ == State::kClosing || state_ == State::kEnded) {
    return hub::Flow::kClosed;
  }
  if (!conf_.first_frame) {
    return head_sent_ ? hub::Flow::kOpen : flush_head();
  }
  return send(std::span(&conf_.first_frame, 1));
}

hub::Flow Session::deliver(std::span<const hub::BytesRef> pieces) {
  if (state_ == State::kClosing || state_ == State::kEnded) {
    return hub::Flow::kClosed;
  }
  return send(pieces);
}

hub::Flow Session::send(std::span<const hub::BytesRef> pieces) {
  if (!send_head()) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  state_ = State::kStreaming;
  ngx_http_set_log_request(r_->connection->log, r_);
  return settle(out_.send(pieces));
}

// After a call of the filters.
hub::Flow Session::settle(ngx_int_t outcome) {
  const ngx_connection_t* c = r_->connection;
  if (outcome == NGX_ERROR || c->error) {
    close(CloseReason::kError, NGX_ERROR);
    return hub::Flow::kClosed;
  }
  if (outcome == NGX_OK) {
    // With limit_rate the timer is nginx's: it alone ends the delay.
    if (c->write->timer_set && !c->write->delayed) {
      ngx_del_timer(c->write);
    }
    return hub::Flow::kOpen;
  }
  block();
  return state_ == State::kBlocked ? hub::Flow::kBlocked : hub::Flow::kClosed;
}

void Session::block() {
  ngx_event_t* write = r_->connection->write;
  state_ = State::kBlocked;
  if (!write->delayed) {  // by limit_rate, whose timer it is then
    ngx_add_timer(write, *conf_.send_timeout);
  }
  if (ngx_handle_write_event(write, core_conf(r_)->send_lowat) != NGX_OK) {
    close(CloseReason::kError, NGX_ERROR);
  }
}

void Session::on_writable() {
  ngx_connection_t* c = r_->connection;
  ngx_event_t* write = c->write;
  if (state_ != State::kBlocked) {
    return;
  }
  if (write->timedout) {
    c->timedout = 1;
    ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client takes no events");
    close(CloseReason::kSlow, NGX_HTTP_REQUEST_TIME_OUT);
    return;
  }
  if (!write->delayed) {
    state_ = State::kStreaming;
    if (settle(out_.flush()) == hub::Flow::kOpen && subscriber_ != nullptr) {
      sessions_.hub().drained(*subscriber_);
    }
  } else if (ngx_handle_write_event(write, core_conf(r_)->send_lowat) != NGX_OK) {
    close(CloseReason::kError, NGX_ERROR);
  }
}

// ---- heartbeats
// ----------------------------------------------------------------------------------

void Session::on_due(std::uint64_t now_ms) {
  if (!head_sent_ && flush_head() == hub::Flow::kClosed) {
    return;
  }
  const std::uint64_t interval = conf_.keepalive->interval;
  if (interval == 0) {
    return;
  }
  if (now_ms >= next_beat_ms_) {
    next_beat_ms_ += ((now_ms - next_beat_ms_) / interval + 1) * interval;
    // Who takes nothing hears nothing.
    if (state_ == State::kStreaming && send(std::span(&conf_.heartbeat, 1)) == hub::Flow::kClosed) {
      return;
    }
  }
  sessions_.wheel().set(*this, next_beat_ms_);
}

}  // namespace notify
