#pragma once

// The way out of a client that stays: bytes that many clients share, handed to nginx's filters by
// links that are used again once the socket has taken what they point at. Nothing is allocated from
// the request's pool for a message: that pool only grows, and a stream lives for hours.
//
// Belongs to the pool, not to the http cleanups: under HTTP/2 nginx may hold our buffers until the
// frames that it made of them have left, after the request itself is over.

#include <memory>
#include <span>
#include <vector>

#include "ngx_notify_module/base/bytes.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

class OutChain {
 public:
  explicit OutChain(ngx_http_request_t* request) : request_(request) {}
  OutChain(const OutChain&) = delete;
  OutChain& operator=(const OutChain&) = delete;

  // One call of nginx's last body filters, flushed. `last` ends the response. NGX_OK: all is gone;
  // NGX_AGAIN: the socket is full, and blocked() until a later write event; NGX_ERROR.
  ngx_int_t send(std::span<const BytesRef> pieces, bool last = false);

  // Nothing, but what nginx holds goes: the head, at once. As send().
  ngx_int_t send_flush();

  // On a write event: lets nginx write what it holds. As send().
  ngx_int_t flush();

  // nginx still holds bytes of ours, or of a header before them.
  [[nodiscard]] bool blocked() const;

 private:
  struct Slot {
    ngx_buf_t buffer{};
    ngx_chain_t link{};
    BytesRef bytes;
    bool busy = false;
  };

  Slot& take();
  void release_sent();
  ngx_int_t pass(ngx_chain_t* chain);

  ngx_http_request_t* request_;
  std::vector<std::unique_ptr<Slot>> slots_;  // as many as one batch needed, a handful
};

}  // namespace notify
