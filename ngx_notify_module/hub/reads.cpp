#include "ngx_notify_module/hub/reads.hpp"

#include <utility>

namespace notify::hub {

void Reads::order(Reader& reader, Urgency urgency) {
  forget(reader);
  reader.ticket_ = next_ticket();
  readers_.emplace(reader.ticket_, &reader);
  if (urgency == Urgency::kFirst) {
    waiting_.push_front(reader.ticket_);
  } else {
    waiting_.push_back(reader.ticket_);
  }
  pump();
}

void Reads::forget(Reader& reader) {
  if (reader.ticket_ != 0) {
    readers_.erase(std::exchange(reader.ticket_, 0));
    if (readers_.empty()) {
      waiting_.clear();
    }
  }
}

void Reads::on_page(Ticket ticket, Result<Page> page) {
  if (in_flight_ > 0) {
    --in_flight_;
  }
  const auto found = readers_.find(ticket);
  Reader* reader = nullptr;
  if (found != readers_.end()) {
    reader = found->second;
    readers_.erase(found);
    reader->ticket_ = 0;
  }
  pump();
  if (reader != nullptr) {
    reader->on_page(std::move(page));
  }
}

void Reads::pump() {
  while (in_flight_ < max_ && !waiting_.empty()) {
    const Ticket ticket = waiting_.front();
    waiting_.pop_front();
    const auto found = readers_.find(ticket);
    if (found != readers_.end()) {
      ++in_flight_;
      const Reader::Wish wish = found->second->wish();
      if (wish.latest_ms) {
        source_.read_latest(ticket, wish.stream, wish.count, *wish.latest_ms);
      } else {
        source_.read(ticket, wish.stream, wish.after, wish.count);
      }
    }
  }
}

}  // namespace notify::hub
