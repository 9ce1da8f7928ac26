#include "ngx_notify_module/hub/hub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "ngx_notify_module/base/intrusive.hpp"

namespace notify::hub {

Hub::Hub(Source& source, Waker& waker, const Limits& limits) : core_(source, waker, limits) {}

Hub::~Hub() = default;

// ---- downstream ---------------------------------------------------------------------------------

std::unique_ptr<Subscriber> Hub::join(std::string_view stream, const Format& format, Sink& sink,
                                      const Start& start) {
  Channel* channel = find(stream);
  if (channel == nullptr) {
    auto fresh = std::make_unique<Channel>(core_, stream);
    channel = fresh.get();
    by_id_.emplace(channel->id(), channel);
    channels_.emplace(channel->stream(), std::move(fresh));
    core_.source.subscribe(stream);
  }
  return std::make_unique<Subscriber>(*channel, format, sink, start);
}

void Hub::drained(Subscriber& subscriber) {
  constexpr unsigned kDeliveries = 4;
  Budget budget(kDeliveries);
  subscriber.drained(budget);
}

// ---- upstream -----------------------------------------------------------------------------------

Channel* Hub::find(std::string_view stream) {
  const auto found = channels_.find(stream);
  return found == channels_.end() ? nullptr : found->second.get();
}

void Hub::on_subscribed(std::string_view stream) {
  if (Channel* channel = find(stream)) {
    channel->on_subscribed();
  }
}

void Hub::on_bell(std::string_view stream, EntryId prev, EntryId id, Entry* entry) {
  if (Channel* channel = find(stream)) {
    channel->on_bell(prev, id, entry);
  }
}

void Hub::on_page(Ticket ticket, Result<Page> page) {
  core_.reads.on_page(ticket, std::move(page));
}

void Hub::on_behind(std::span<const Ticket> tickets) {
  for (const Ticket ticket : tickets) {
    if (const auto found = by_id_.find(ticket); found != by_id_.end()) {
      found->second->on_behind();
    }
  }
}

void Hub::on_upstream_lost() {
  for (const auto& [stream, channel] : channels_) {
    channel->on_lost();
  }
}

// ---- time ---------------------------------------------------------------------------------------

void Hub::turn() {
  core_.awake = false;
  Budget budget(core_.limits.turn_subscribers);
  while (!budget.spent() && !core_.due.empty()) {
    Channel& channel = core_.due.front();
    static_cast<Hook<DueTag>&>(channel).unlink();
    if (channel.turn(budget)) {
      core_.due.push_back(channel);
    }
  }
  if (!core_.due.empty()) {
    core_.wake();
  }
}

void Hub::tick(std::uint64_t now_ms) {
  const std::uint64_t elapsed = now_ms - std::min(now_ms, core_.now_ms);
  core_.now_ms = now_ms;
  List<Channel, StalledTag> stalled;
  stalled.splice(core_.stalled);
  while (!stalled.empty()) {
    Channel& channel = stalled.front();
    static_cast<Hook<StalledTag>&>(channel).unlink();
    channel.retry();
  }
  drop_idle();
  check_some(elapsed);
}

void Hub::drop_idle() {
  const Limits& limits = core_.limits;
  while (!core_.idle.empty()) {
    Channel& channel = core_.idle.front();
    if (core_.idle_channels <= limits.idle_channels &&
        core_.now_ms - channel.idle_since_ms() < limits.linger_ms) {
      return;
    }
    const auto found = channels_.find(channel.stream());
    const std::unique_ptr<Channel> dropped = std::move(found->second);
    channels_.erase(found);
    by_id_.erase(dropped->id());
    core_.source.unsubscribe(dropped->stream());
  }
}

// Each channel once in check_ms, in the order of the round, a part of them at each tick.
void Hub::check_some(std::uint64_t elapsed_ms) {
  const std::uint64_t period = core_.limits.check_ms;
  const std::uint64_t all = channels_.size();
  check_debt_ = std::min(check_debt_ + all * std::min(elapsed_ms, period), all * period);
  std::vector<Position> positions;
  const auto flush = [&] {
    if (!positions.empty()) {
      core_.source.check(positions);
      positions.clear();
    }
  };
  for (; check_debt_ >= period; check_debt_ -= period) {
    Channel& channel = core_.round.front();
    core_.round.push_back(channel);
    if (channel.check()) {
      positions.push_back({channel.id(), channel.stream(), channel.ring().top()});
      if (positions.size() == core_.limits.check_batch) {
        flush();
      }
    }
  }
  flush();
}

}  // namespace notify::hub
