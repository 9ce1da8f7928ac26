#pragma once

// An answer that is written while Redis is still asked: it is sent in pieces, and no more is asked
// for while the client takes none. What is short is sent whole, with its length, and until then an
// error still has a status of its own.

#include <string>
#include <string_view>

#include "ngx_notify_module/calls/rounds.hpp"
#include "ngx_notify_module/stream/out_chain.hpp"

namespace notify {

class LongAnswer : public Rounds {
 public:
  LongAnswer(ngx_http_request_t* r, const LocConf& conf, OutChain& out);

 protected:
  void write(std::string_view text) { text_.append(text); }
  // Sends what was written if it is enough for a piece. True: go on. False: go_on() will be called
  // when the client has taken it, or the request is over.
  bool flush();
  // Sends the rest. This is no more.
  void end();

  ngx_int_t failed(const Error& error) override;

 private:
  static void on_write(ngx_http_request_t* r);
  void on_writable();
  bool send_head();
  bool settle(ngx_int_t outcome);
  bool wait();

  OutChain& out_;
  std::string text_;
  bool head_sent_ = false;
};

}  // namespace notify
