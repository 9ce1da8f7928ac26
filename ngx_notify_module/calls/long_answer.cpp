#include "ngx_notify_module/calls/long_answer.hpp"

#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"

namespace notify {
namespace {

constexpr std::size_t kPiece = std::size_t{32} * 1024;

const ngx_http_core_loc_conf_t* core_conf(ngx_http_request_t* r) {
  return static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_get_module_loc_conf(r, ngx_http_core_module));
}

}  // namespace

LongAnswer::LongAnswer(ngx_http_request_t* r, const LocConf& conf, OutChain& out)
    : Rounds(r, conf), out_(out) {}

bool LongAnswer::send_head() {
  if (std::exchange(head_sent_, true)) {
    return true;
  }
  const ngx_int_t outcome = respond_head(r_, NGX_HTTP_OK, kJson);
  return outcome != NGX_ERROR && outcome <= NGX_OK;
}

bool LongAnswer::flush() {
  if (text_.size() < kPiece) {
    return true;
  }
  if (!send_head()) {
    finish(r_, NGX_ERROR);
    return false;
  }
  const BytesRef piece(std::exchange(text_, {}));
  ngx_http_set_log_request(r_->connection->log, r_);
  return settle(out_.send(std::span(&piece, 1)));
}

void LongAnswer::end() {
  if (!head_sent_) {
    finish_with(r_, [this] { return respond(r_, NGX_HTTP_OK, kJson, text_); });
    return;
  }
  const BytesRef piece(std::exchange(text_, {}));
  ngx_http_set_log_request(r_->connection->log, r_);
  finish(r_, out_.send(std::span(&piece, 1), true));
}

// After the head only a cut tells the client that the answer is not whole.
ngx_int_t LongAnswer::failed(const Error& error) {
  return head_sent_ ? NGX_ERROR : Rounds::failed(error);
}

bool LongAnswer::settle(ngx_int_t outcome) {
  const ngx_connection_t* c = r_->connection;
  if (outcome == NGX_ERROR || c->error) {
    finish(r_, NGX_ERROR);
    return false;
  }
  if (outcome == NGX_AGAIN) {
    return wait();
  }
  if (c->write->timer_set && !c->write->delayed) {
    ngx_del_timer(c->write);
  }
  r_->write_event_handler = ngx_http_request_empty_handler;
  return true;
}

// Always false: nothing goes on before the socket has taken what it was given.
bool LongAnswer::wait() {
  ngx_event_t* write = r_->connection->write;
  r_->write_event_handler = entry<&LongAnswer::on_write>;
  if (!write->delayed) {  // by limit_rate, whose timer it is then
    ngx_add_timer(write, core_conf(r_)->send_timeout);
  }
  if (ngx_handle_write_event(write, core_conf(r_)->send_lowat) != NGX_OK) {
    finish(r_, NGX_ERROR);
  }
  return false;
}

void LongAnswer::on_write(ngx_http_request_t* r) {
  static_cast<LongAnswer*>(find_context(r)->attachment.get())->on_writable();
}

void LongAnswer::on_writable() {
  ngx_connection_t* c = r_->connection;
  ngx_event_t* write = c->write;
  if (write->timedout) {
    c->timedout = 1;
    ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client takes no answer");
    finish(r_, NGX_HTTP_REQUEST_TIME_OUT);
  } else if (write->delayed) {
    wait();
  } else if (settle(out_.flush())) {
    go_on();
  }
}

}  // namespace notify
