#pragma once

// Fan-out of streams to subscribers inside one nginx worker. Pure: no nginx, no Redis, no clock.
//
// A channel is one stream that has subscribers here; a subscriber is one client on one channel.
// Every subscriber sees each entry of its stream once, in stream order; where something is lost it
// is told so (`gap`), and the stream goes on. Publishers never come here: what this worker's own
// requests publish returns by the bell, like everybody else's.
//
//   subscriber:  Subscribing ─► Replaying ─► Live ─► (Replaying) ─► Closed        subscriber.hpp
//   channel:     Subscribing ─► Positioning ─► Live ⇄ CatchingUp ─► (Subscribing)    channel.hpp
//
// Bounds: ring by entries, bytes and age per channel; a subscriber holds no message of its own
// beyond the batch that its socket is taking; early bells while catching up by entries and bytes
// (over it they are dropped and read from the stream); reads in flight by `max_reads` (others
// queue by ticket); channels without subscribers by number and time.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>

#include "ngx_notify_module/hub/channel.hpp"
#include "ngx_notify_module/hub/core.hpp"
#include "ngx_notify_module/hub/limits.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/hub/source.hpp"
#include "ngx_notify_module/hub/subscriber.hpp"

namespace notify::hub {

class Hub {
 public:
  Hub(Source& source, Waker& waker, const Limits& limits);
  ~Hub();  // subscribers that are left are closed
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // --- downstream ---
  // `sink` and `format` outlive the subscriber. Never calls the sink from inside join().
  std::unique_ptr<Subscriber> join(std::string_view stream, const Format& format, Sink& sink,
                                   const Start& start);
  // The sink's socket took everything: go on.
  void drained(Subscriber& subscriber);

  // --- upstream ---
  void on_subscribed(std::string_view stream);
  // `entry` may be null: it is to be read. Otherwise it is moved from.
  void on_bell(std::string_view stream, EntryId prev, EntryId id, Entry* entry);
  void on_page(Ticket ticket, Result<Page> page);
  void on_behind(std::span<const Ticket> tickets);
  void on_upstream_lost();  // bells may have been missed: every channel is subscribed anew

  // --- time ---
  // One slice of fan-out; wakes itself again while there is more.
  void turn();
  // Position checks, lingering channels, reads that failed. Call it four times a second.
  void tick(std::uint64_t now_ms);

  [[nodiscard]] const Figures& figures() const { return core_.figures; }

 private:
  Channel* find(std::string_view stream);
  void drop_idle();
  void check_some(std::uint64_t elapsed_ms);

  Core core_;
  std::unordered_map<std::string_view, std::unique_ptr<Channel>> channels_;  // names are theirs
  std::unordered_map<Ticket, Channel*> by_id_;
  std::uint64_t check_debt_ = 0;  // channels times milliseconds
};

}  // namespace notify::hub
