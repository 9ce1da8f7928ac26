#pragma once

// HTTP requests by libcurl's multi interface on the process's loop: TLS verified, HTTP/2 where
// offered, a connection per request. http:// and https:// only; redirects are not followed; of an
// answer's body no more than 64 kB are awaited.
//
// A request that is not trusted goes only where `targets` allows it: each address is looked at when
// it is about to be connected, whatever name led to it, so that no answer of a name server comes
// between the check and the use. It takes no proxy, which would connect in our place, unlooked at.
//
//   send ─► transfer ─► answered, failed or timed out ─► completion, once
//              └─ cancelled (or the client is destroyed) ─► no completion
//
// Ownership: the client owns transfers and libcurl's handles. A completion may send and cancel.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "shared/redis/host.hpp"
#include "worker/delivery/http.hpp"
#include "worker/net/target_address.hpp"

namespace notify::worker {

struct HttpOptions {
  std::chrono::milliseconds timeout{10'000};
  std::chrono::milliseconds connect_timeout{5'000};
  std::string ca_file;  // empty: libcurl's own
  long max_connections = 64;
  TargetRule targets;
};

class HttpClient {
 public:
  using Completion = std::function<void(HttpResult)>;
  using TransferId = std::uint64_t;

  HttpClient(redis::Host& host, HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The completion comes later, never inside this call.
  TransferId send(HttpRequest request, Completion completion);
  void cancel(TransferId id);  // idempotent
  [[nodiscard]] std::size_t in_flight() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace notify::worker
