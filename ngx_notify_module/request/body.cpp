#include "ngx_notify_module/request/body.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "ngx_notify_module/ngx/address.hpp"
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/ngx/last_filters.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/websocket/unfinished.hpp"

namespace notify {
namespace {

constexpr std::string_view kNoRoom = "Too many requests are half received";

// As each filter of nginx keeps it.
ngx_http_request_body_filter_pt next_body = nullptr;

// A body of which something is still to come. The request's pool owns it, and its place is that of
// the filter's context.
class HalfBody final : private websocket::Unfinished::Seat {
 public:
  explicit HalfBody(ngx_http_request_t* r) : Seat(address_of(r)), request_(r) {
    nobody_.data = this;
    event_.data = &nobody_;
    event_.handler = entry<&on_event>;
    event_.log = ngx_cycle->log;
  }
  ~HalfBody() override { let_go(); }
  HalfBody(const HalfBody&) = delete;
  HalfBody& operator=(const HalfBody&) = delete;

  // nginx uses its buffer again once that went into a file: the memory stays.
  void more_came() {
    const ngx_buf_t* buffer = request_->request_body->buf;
    if (buffer != nullptr && !leaving_) {
      most_ = std::max(most_, static_cast<std::size_t>(buffer->last - buffer->start));
      runtime->unfinished().hold(*this, most_);
    }
  }

  void let_go() {
    if (event_.posted) {
      ngx_delete_posted_event(&event_);
    }
    if (runtime != nullptr) {
      runtime->unfinished().hold(*this, 0);
    }
  }

 private:
  // From inside of any request's body: this one's is over once all of these are.
  void make_room() override {
    leaving_ = true;
    ngx_post_event(&event_, &ngx_posted_events);
  }

  static void on_event(ngx_event_t* event) {
    static_cast<HalfBody*>(static_cast<ngx_connection_t*>(event->data)->data)->leave();
  }

  void leave() {
    ngx_http_request_t* r = request_;
    if (r->stream == nullptr) {
      forget_body(r);  // nginx keeps the request until the client has read its answer
    }
    if (r->header_sent) {
      return;  // it was refused already, and what still comes is thrown away
    }
    if (r->connection->read->timer_set) {
      ngx_del_timer(r->connection->read);
    }
    r->read_event_handler = ngx_http_block_reading;
    r->keepalive = 0;
    r->lingering_close = 1;
    if (r->stream != nullptr) {
      r->stream->skip_data = 1;
    }
    log_text(NGX_LOG_WARN, r->connection->log,
             "notify: a half received body made room for others: \"notify_max_unfinished\"");
    finish_with(r, [r] { return fail(r, Error{ErrorKind::kUnavailable, std::string(kNoRoom)}); });
  }

  ngx_http_request_t* request_;
  std::size_t most_ = 0;
  bool leaving_ = false;
  ngx_connection_t nobody_{};
  ngx_event_t event_{};
};

HalfBody* half_body(ngx_http_request_t* r) {
  return static_cast<HalfBody*>(ngx_http_get_module_ctx(r, ngx_http_notify_filter_module));
}

ngx_int_t filter_body(ngx_http_request_t* r, ngx_chain_t* chain) {
  const ngx_int_t outcome = next_body(r, chain);
  HalfBody* half = half_body(r);
  if (half != nullptr && outcome == NGX_OK) {
    if (r->request_body->rest == 0) {
      half->let_go();
    } else {
      half->more_came();
    }
  }
  return outcome;
}

}  // namespace

ngx_int_t read_body(ngx_http_request_t* r, ngx_http_client_body_handler_pt next) {
  const ngx_int_t outcome = ngx_http_read_client_request_body(r, next);
  if (outcome >= NGX_HTTP_SPECIAL_RESPONSE) {
    return outcome;
  }
  // nginx' own bounds are those of a configuration that only guards.
  if (outcome == NGX_AGAIN && runtime != nullptr && runtime->conf().enabled) {
    if (HalfBody* half = adopt(r->pool, std::make_unique<HalfBody>(r))) {
      ngx_http_set_ctx(r, half, ngx_http_notify_filter_module);
      half->more_came();
    }
  }
  return NGX_DONE;
}

off_t received_bytes(const ngx_http_request_t* r) {
  off_t size = 0;
  const ngx_chain_t* link = r->request_body == nullptr ? nullptr : r->request_body->bufs;
  for (; link != nullptr; link = link->next) {
    size += ngx_buf_size(link->buf);
  }
  return size;
}

Error body_too_large() { return {ErrorKind::kTooLarge, "Request body is too large"}; }

void forget_body(ngx_http_request_t* r) {
  ngx_http_request_body_t* body = r->request_body;
  if (body == nullptr) {
    return;
  }
  body->bufs = nullptr;
  if (ngx_buf_t* buffer = std::exchange(body->buf, nullptr)) {
    ngx_pfree(r->pool, buffer->start);
  }
}

void enter_body_chain() {
  next_body = std::exchange(ngx_http_top_request_body_filter, entry<&filter_body>);
}

}  // namespace notify
