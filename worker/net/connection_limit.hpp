#pragma once

// How many connections a server of libevent's evhttp has open: without a bound idle ones could take
// all descriptors of the process, and with them its way to Redis. At the bound no more are accepted
// until an eighth of them is free; new ones wait in the socket's queue.
//
// evhttp tells of each connection that it accepts, and not of each that ends. So those that were
// accepted are counted, and where they might have become too many, the process's descriptors are
// looked at: which ones have the server's own address. A look is followed by an eighth of the
// bound without one.

#include <chrono>
#include <cstddef>
#include <memory>

#include "shared/process/loop.hpp"

struct bufferevent;
struct evhttp;
struct evhttp_bound_socket;

namespace notify::worker {

class ConnectionLimit {
 public:
  // At most `most`, and half of the descriptors that the process may have.
  ConnectionLimit(process::Loop& loop, evhttp* http, std::size_t most);

  void watch(evhttp_bound_socket* socket);  // what `http` accepts from
  void forget();                            // before the socket goes

 private:
  static bufferevent* on_accept(event_base*, void* self) noexcept;
  void look();

  evhttp_bound_socket* socket_ = nullptr;
  std::size_t most_;
  std::size_t open_ = 0;  // at most: those of the last look, and what was accepted since
  std::unique_ptr<redis::Timer> timer_;
};

}  // namespace notify::worker
