#include "ngx_notify_module/stream/out_chain.hpp"

#include "ngx_notify_module/ngx/last_filters.hpp"

namespace notify {
namespace {

// nginx's sign of whose a buffer is: a filter recycles only its own.
ngx_buf_tag_t tag() { return &ngx_http_notify_module; }

}  // namespace

ngx_int_t OutChain::send(std::span<const BytesRef> pieces, bool last) {
  release_sent();
  ngx_chain_t* first = nullptr;
  ngx_chain_t** end = &first;
  ngx_buf_t* tail = nullptr;
  const auto append = [&](Slot& slot) {
    slot.link.next = nullptr;
    *end = &slot.link;
    end = &slot.link.next;
    tail = &slot.buffer;
  };
  for (const BytesRef& piece : pieces) {
    if (!piece || piece->size() == 0) {
      continue;  // an empty buffer that is not special is an alert in nginx
    }
    Slot& slot = take();
    slot.bytes = piece;
    auto* text = reinterpret_cast<u_char*>(const_cast<char*>(piece->view().data()));
    slot.buffer.start = slot.buffer.pos = text;
    slot.buffer.end = slot.buffer.last = text + piece->size();
    slot.buffer.memory = 1;  // read-only: nobody may write through it
    append(slot);
  }
  if (tail == nullptr) {
    if (!last) {
      return blocked() ? NGX_AGAIN : NGX_OK;
    }
    append(take());
  }
  tail->flush = 1;
  tail->last_buf = last && request_ == request_->main ? 1 : 0;
  tail->last_in_chain = last ? 1 : 0;
  return pass(first);
}

// The pool's, since nginx may hold it for longer than a slot would wait.
ngx_int_t OutChain::send_flush() {
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(request_->pool));
  if (buffer == nullptr) {
    return NGX_ERROR;
  }
  buffer->flush = 1;
  ngx_chain_t link{buffer, nullptr};
  return pass(&link);
}

ngx_int_t OutChain::flush() { return pass(nullptr); }

bool OutChain::blocked() const { return request_->connection->buffered != 0 || request_->buffered; }

ngx_int_t OutChain::pass(ngx_chain_t* chain) {
  const ngx_int_t outcome = send_body_through(request_, chain);
  if (outcome == NGX_ERROR) {
    return NGX_ERROR;
  }
  release_sent();
  return blocked() ? NGX_AGAIN : NGX_OK;
}

OutChain::Slot& OutChain::take() {
  Slot* slot = nullptr;
  for (const auto& candidate : slots_) {
    if (!candidate->busy) {
      slot = candidate.get();
      break;
    }
  }
  if (slot == nullptr) {
    slot = slots_.emplace_back(std::make_unique<Slot>()).get();
    slot->link.buf = &slot->buffer;
  }
  slot->buffer = ngx_buf_t{};
  slot->buffer.tag = tag();
  slot->busy = true;
  return *slot;
}

// What nginx has sent it has moved `pos` over. A buffer without bytes (the end of a response) is
// never sent again, but nginx may hold it until then.
void OutChain::release_sent() {
  for (const auto& slot : slots_) {
    if (slot->busy && slot->buffer.pos == slot->buffer.last && !slot->buffer.last_buf) {
      slot->bytes = {};
      slot->busy = false;
    }
  }
}

}  // namespace notify
