#pragma once

// The subscription link of an nginx worker: one connection for all Pub/Sub channels that anybody
// here listens to. What is wanted is a table: after a loss the link subscribes to all of it again,
// and each channel is confirmed anew, so that its listeners know from when on they miss nothing.
//
//   add ─► wanted ─(link ready, next turn)─► asked ─(Redis confirms)─► on_subscribed()
//             ▲                                │
//             └────────── link lost ◄──────────┘ on_change(false)
//
// A channel may have several listeners, each with its own confirmation: one that comes later is
// confirmed by a further SUBSCRIBE, of which the others hear nothing.
//
// Bounds: as many channels as its users want; SUBSCRIBE goes out in batches of kBatch, one turn
// after it was wished for, so that a thousand wishes are a few commands.

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shared/redis/link.hpp"

namespace notify {

class Subscriptions final : private redis::LinkObserver {
 public:
  class Listener {
   public:
    // `tag` is what add() was given: the listener's own name for the channel.
    virtual void on_subscribed(std::string_view tag) = 0;
    virtual void on_message(std::string_view tag, std::string_view payload) = 0;

   protected:
    ~Listener() = default;
  };

  Subscriptions(redis::Host& host, redis::LinkOptions options);
  ~Subscriptions();

  void start();
  [[nodiscard]] bool ready() const { return link_.ready(); }
  void reset(std::string_view why) { link_.reset(why); }
  // Told when the link comes and goes. After `false` every channel will be confirmed again.
  void on_change(std::function<void(bool ready)> observer) { changed_ = std::move(observer); }

  // The listener outlives its membership, and may come and go in its calls. Never calls it from
  // inside add() or remove(). Once for each channel and listener.
  void add(std::string channel, Listener& listener, std::string tag);
  void remove(std::string_view channel, const Listener& listener);

  static constexpr std::size_t kBatch = 512;

 private:
  struct Seat {
    Listener* listener = nullptr;  // null: removed in one of its calls
    std::string tag;
    bool confirmed = false;  // on this connection
  };
  struct Channel {
    std::list<Seat> seats;     // none: a confirmation is still on its way
    unsigned unconfirmed = 0;  // SUBSCRIBEs on this connection that Redis has not confirmed
    bool asked = false;        // on this connection, and not taken back
    bool wanted = false;       // a SUBSCRIBE is to be sent
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  void on_link_ready() override;
  void on_link_lost(std::string_view why) override;
  void on_link_message(std::string_view channel, std::string_view payload) override;
  void on_link_subscribed(std::string_view channel) override;

  using Channels = std::unordered_map<std::string, Channel, Hash, std::equal_to<>>;

  template <class Call>
  void call_all(Channels::iterator channel, Call call);
  void abandon(Channels::iterator channel);
  void flush_later();
  void flush();

  redis::Host& host_;
  redis::Link link_;
  Channels channels_;
  const Channel* calling_ = nullptr;  // whose listeners are being called
  std::vector<std::string> wanted_;   // to be asked for; some may have been removed since
  std::vector<std::string> unwanted_;
  std::function<void(bool)> changed_;
  std::shared_ptr<bool> flushing_;  // set while a flush is posted; its object dies with us
};

}  // namespace notify
