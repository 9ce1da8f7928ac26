#include "ngx_notify_module/websocket/unfinished.hpp"

#include <algorithm>

namespace notify::websocket {

void Unfinished::hold(Seat& seat, std::size_t bytes) {
  if (bytes == seat.bytes_) {
    return;
  }
  set(seat, bytes);
  while (total_ > most_) {
    const auto greatest = std::max_element(
        holders_.begin(), holders_.end(),
        [](const auto& one, const auto& other) { return one.second.total < other.second.total; });
    Seat& leaving = *greatest->second.seats.rbegin()->second;
    set(leaving, 0);
    leaving.make_room();
  }
}

void Unfinished::set(Seat& seat, std::size_t bytes) {
  auto holder = holders_.try_emplace(seat.address_).first;
  if (seat.bytes_ > 0) {
    holder->second.seats.erase({seat.bytes_, &seat});
  }
  if (bytes > 0) {
    holder->second.seats.emplace(bytes, &seat);
  }
  holder->second.total += bytes - seat.bytes_;
  total_ += bytes - seat.bytes_;
  seat.bytes_ = bytes;
  if (holder->second.seats.empty()) {
    holders_.erase(holder);
  }
}

}  // namespace notify::websocket
