#pragma once

// Large bodies take some milliseconds each to be looked at. Many that come at once wait in line:
// one has its turn in each turn of the loop, so that all other requests wait for one of them at
// most.

#include <list>

#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// The line of an nginx worker: of its Runtime.
class BodyTurns {
 public:
  BodyTurns();

  // False: out of memory.
  [[nodiscard]] bool wait(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*));

 private:
  class Waiting;

  void run_first();
  void hold_on();

  std::list<Waiting*> waiting_;
  NextTurn next_;
  EventTimer hold_;  // a worker that shuts down stays for as long as it has a timer
};

// Calls `handle` for a request whose body has come: at once for a small body, else in its turn. As
// a handler of a body it owns a reference on the request, which `handle` gives back.
void in_turn(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*));

}  // namespace notify
