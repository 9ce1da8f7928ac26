#pragma once

// Several streams to one client, over one connection. Each is a subscription of its own; what they
// deliver goes out one after the other, and every event carries the client's place in all of them
// (wire/composite_id): a client that has an event has everything that was sent before it.
//
// Nothing is delivered before all subscriptions stand: the first id that a client is given must
// say where each of its streams began. When the socket is full all of them wait, and go on in turn.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/stream/outlet.hpp"
#include "ngx_notify_module/stream/session.hpp"
#include "ngx_notify_module/wire/composite_id.hpp"

namespace notify {

struct WantedStream {
  std::string key;
  hub::Start start;
};

class MultiSession final : public Outlet {
 public:
  // `format` outlives it.
  MultiSession(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
               const OpenFormat& format, OutChain& out, Session::Report report);
  ~MultiSession() override;

  // The request is parked by the caller. At most kMaxStreams, each once.
  void start(std::span<const WantedStream> streams);

 private:
  class Strand;

  [[nodiscard]] hub::Flow attached();
  [[nodiscard]] hub::Flow deliver(const Strand& strand, std::span<const hub::Placed> frames);
  // The client's place in each stream.
  [[nodiscard]] std::vector<StreamPosition> places() const;
  void serve_all();
  [[nodiscard]] hub::Flow flow() const;
  void leave() override;
  void drained() override;
  void report_resume();

  const OpenFormat& format_;
  std::string_view& resume_;
  std::vector<std::unique_ptr<Strand>> strands_;
  std::size_t attached_ = 0;
  std::size_t turn_ = 0;  // who is the next to go on when the socket has room
};

}  // namespace notify
