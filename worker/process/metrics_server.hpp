#pragma once

// GET /metrics over a port or a Unix socket of the worker's own: libevent's evhttp on the process's
// loop. A port that cannot be had is tried again every 10 s, and is no reason to stop: deliveries
// matter more than their figures.
//
// Bounds: a head of 8 kB, no body; 64 connections, beyond which new ones wait; one that is silent
// for 10 s is closed.

#include <functional>
#include <memory>
#include <string>

#include "shared/base/result.hpp"
#include "shared/process/loop.hpp"
#include "worker/process/log.hpp"

namespace notify::worker {

class MetricsServer {
 public:
  // `listen`: ADDRESS:PORT, [ADDRESS]:PORT or unix:/path.
  // `group` may connect to a Unix socket: see unix_listen.hpp.
  MetricsServer(process::Loop& loop, Log& log, std::string listen, std::string group,
                std::function<std::string()> text);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  void start();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace notify::worker
