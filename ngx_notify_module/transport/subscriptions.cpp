#include "ngx_notify_module/transport/subscriptions.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace notify {

Subscriptions::Subscriptions(redis::Host& host, redis::LinkOptions options)
    : host_(host),
      link_(host, std::move(options), *this),
      flushing_(std::make_shared<bool>(false)) {}

Subscriptions::~Subscriptions() { changed_ = nullptr; }

void Subscriptions::start() { link_.start(); }

void Subscriptions::add(std::string channel, Listener& listener, std::string tag) {
  Channel& entry = channels_[channel];
  entry.seats.push_back({&listener, std::move(tag), false});
  entry.wanted = true;
  wanted_.push_back(std::move(channel));
  flush_later();
}

void Subscriptions::remove(std::string_view channel, const Listener& listener) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) {
    return;
  }
  std::list<Seat>& seats = found->second.seats;
  const auto seat = std::find_if(seats.begin(), seats.end(),
                                 [&](const Seat& each) { return each.listener == &listener; });
  if (seat == seats.end()) {
    return;
  }
  if (calling_ == &found->second) {
    seat->listener = nullptr;
    return;
  }
  seats.erase(seat);
  if (seats.empty()) {
    abandon(found);
  }
}

// The last listener has left.
void Subscriptions::abandon(Channels::iterator channel) {
  Channel& entry = channel->second;
  entry.wanted = false;
  if (std::exchange(entry.asked, false)) {
    unwanted_.push_back(channel->first);
    flush_later();
  }
  if (entry.unconfirmed == 0) {
    channels_.erase(channel);
  }
}

template <class Call>
void Subscriptions::call_all(Channels::iterator channel, Call call) {
  Channel& entry = channel->second;  // stays where it is, whatever else comes and goes
  {
    struct Mark {
      ~Mark() { calling = nullptr; }
      const Channel*& calling;
    } mark{calling_ = &entry};
    for (Seat& seat : entry.seats) {
      if (seat.listener != nullptr) {
        call(seat);
      }
    }
  }
  const auto left =
      std::erase_if(entry.seats, [](const Seat& seat) { return seat.listener == nullptr; });
  if (left > 0 && entry.seats.empty()) {
    abandon(channel);
  }
}

// ---- the link -----------------------------------------------------------------------------------

void Subscriptions::on_link_ready() {
  wanted_.clear();
  unwanted_.clear();
  wanted_.reserve(channels_.size());
  for (auto& [name, entry] : channels_) {
    entry.wanted = true;
    wanted_.push_back(name);
  }
  flush();
  if (changed_) {
    changed_(true);
  }
}

// What the connection knew is gone with it; a confirmation that was on its way will not come.
void Subscriptions::on_link_lost(std::string_view) {
  std::erase_if(channels_, [](const auto& item) { return item.second.seats.empty(); });
  for (auto& [name, entry] : channels_) {
    entry.unconfirmed = 0;
    entry.asked = false;
    for (Seat& seat : entry.seats) {
      seat.confirmed = false;
    }
  }
  if (changed_) {
    changed_(false);
  }
}

void Subscriptions::on_link_message(std::string_view channel, std::string_view payload) {
  const auto found = channels_.find(channel);
  if (found != channels_.end()) {
    call_all(found, [&](Seat& seat) { seat.listener->on_message(seat.tag, payload); });
  }
}

// Only the last SUBSCRIBE counts: before an earlier one's confirmation there may be an UNSUBSCRIBE
// on its way to Redis.
void Subscriptions::on_link_subscribed(std::string_view channel) {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || found->second.unconfirmed == 0) {
    return;
  }
  Channel& entry = found->second;
  if (--entry.unconfirmed > 0) {
    return;
  }
  if (entry.seats.empty()) {
    channels_.erase(found);
  } else if (entry.asked && !entry.wanted) {
    call_all(found, [](Seat& seat) {
      if (!std::exchange(seat.confirmed, true)) {
        seat.listener->on_subscribed(seat.tag);
      }
    });
  }
}

// ---- batches ------------------------------------------------------------------------------------

void Subscriptions::flush_later() {
  if (*flushing_ || !link_.ready()) {
    return;  // on_link_ready() asks for all that is wanted
  }
  *flushing_ = true;
  host_.post([this, alive = std::weak_ptr<bool>(flushing_)] {
    if (const auto flushing = alive.lock()) {
      *flushing = false;
      if (link_.ready()) {
        flush();
      }
    }
  });
}

void Subscriptions::flush() {
  const auto in_batches = [](const std::vector<std::string_view>& names, auto&& send) {
    for (std::span<const std::string_view> rest = names; !rest.empty();) {
      const std::size_t size = std::min(rest.size(), kBatch);
      send(rest.first(size));
      rest = rest.subspan(size);
    }
  };
  // First what is not wanted: a channel that was removed and added again is in both.
  const std::vector<std::string> unwanted = std::move(unwanted_);
  const std::vector<std::string> wanted = std::move(wanted_);
  unwanted_.clear();
  wanted_.clear();
  in_batches({unwanted.begin(), unwanted.end()},
             [this](std::span<const std::string_view> batch) { link_.unsubscribe(batch); });
  std::vector<std::string_view> fresh;
  fresh.reserve(wanted.size());
  for (const std::string& name : wanted) {
    const auto found = channels_.find(name);
    if (found != channels_.end() && found->second.wanted) {
      found->second.wanted = false;
      found->second.asked = true;
      ++found->second.unconfirmed;
      fresh.push_back(name);
    }
  }
  in_batches(fresh, [this](std::span<const std::string_view> batch) { link_.subscribe(batch); });
}

}  // namespace notify
