#pragma once

// Commands for one request, in rounds: those of a round are sent together, and what comes next is
// decided when all of their replies are there. Other requests' commands go in between, so a long
// piece of work holds nobody up for more than a round.
//
// Owned by the request's context (Context::attachment): gone, with the handles of what is in
// flight, when the request is.

#include <vector>

#include "ngx_notify_module/request/context.hpp"

namespace notify {

class Rounds : public Attachment {
 public:
  explicit Rounds(ngx_http_request_t* r, const LocConf& conf);

 protected:
  // At least one command.
  void send(std::vector<redis::Command> commands);

  // A reply, good only inside of the call; an error reply, too. An error ends the request.
  virtual Result<void> take(std::size_t number, const redis::Reply& reply) = 0;
  // Sends the next round, or waits, or ends the request by finish(): then this is no more.
  virtual void round_over() = 0;
  // How the request ends if a round goes wrong. For finish() to take.
  virtual ngx_int_t failed(const Error& error);

  // Calls round_over(): also for who waited for something else than Redis.
  void go_on() noexcept;

  ngx_http_request_t* const r_;
  const LocConf& conf_;

 private:
  void receive(std::size_t number, const Result<redis::Reply>& reply);
  Result<void> read(std::size_t number, const Result<redis::Reply>& reply);

  std::size_t left_ = 0;
  std::vector<redis::Pending> pending_;
};

}  // namespace notify
