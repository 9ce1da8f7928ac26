#pragma once

// HTTP on a Unix socket, for nginx: libevent's evhttp on the process's loop. The socket is for this
// process's user and one group. Who reaches it is given nothing without credentials.
//
//   start ─► waiting (another worker of this RUN_DIR serves) ─► serving ─► drain ─► stopped
//
// Of several workers with one path, one listens: the holder of PATH.lock. It gives the lock back as
// soon as it takes no more, or loses it with its life; another one has it a moment later. What the
// first one has in hand it answers meanwhile: that two of them do so at the same time is ordinary,
// since workers of other machines may use the same database.
//
// Bounds: kMostBody, kMostHead; `max_connections`, beyond which new ones wait; a connection that is
// silent for 60 s is closed; at most `max_requests` are in hand at a time (503 beyond).

#include <functional>
#include <memory>
#include <string>

#include "shared/process/loop.hpp"
#include "worker/catalog/answer.hpp"
#include "worker/process/log.hpp"

namespace notify::worker {

class HttpServer {
 public:
  static constexpr std::size_t kMostBody = 1024 * 1024 + 1024;  // nginx has the smaller bound
  static constexpr std::size_t kMostHead = 320 * 1024;          // nginx takes four times 64 kB

  using Respond = std::function<void(const Answer&)>;  // once; later or at once
  using Handler = std::function<void(const ApiRequest&, Respond)>;

  struct Options {
    std::string path;
    std::string group;  // who else may connect: see unix_listen.hpp
    std::size_t max_requests = 1'000;
    std::size_t max_connections = 0;
  };

  HttpServer(process::Loop& loop, Log& log, Options options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();
  void drain();  // takes no more; what is in hand is answered
  [[nodiscard]] std::size_t in_hand() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace notify::worker
