#include "ngx_notify_module/transport/finished_ids.hpp"

#include "ngx_notify_module/transport/queue_commands.hpp"

namespace notify {

FinishedIds::FinishedIds(redis::Client& commands)
    : commands_(commands),
      timer_(EventTimer::kHolding, [this] { send(); }),
      told_turn_([this] { send_told(); }) {}

void FinishedIds::add(std::span<const EntryId> ids, std::string_view stream,
                      std::string_view group) {
  if (ids.empty()) {
    return;
  }
  std::vector<EntryId>& kept = ids_[{std::string(stream), std::string(group)}];
  kept.insert(kept.end(), ids.begin(), ids.end());
  count_ += ids.size();
  if (count_ >= kMost) {
    timer_.disarm();
    send();
  } else if (!timer_.armed()) {
    timer_.arm(kDelay);
  }
}

void FinishedIds::told(std::span<const EntryId> ids, std::string_view stream,
                       std::string_view group) {
  if (ids.empty()) {
    return;
  }
  std::vector<EntryId>& kept = told_[{std::string(stream), std::string(group)}];
  kept.insert(kept.end(), ids.begin(), ids.end());
  told_turn_.post();
  add(ids, stream, group);
}

void FinishedIds::send_told() {
  for (const auto& [name, ids] : std::exchange(told_, {})) {
    redis::Command command = told_command(ids, name.first, name.second);
    command.sender = redis::Sender::kProduct;
    commands_.submit(std::move(command), [](const Result<redis::Reply>&) {}).release();
  }
}

void FinishedIds::send() {
  for (const auto& [name, ids] : std::exchange(ids_, {})) {
    redis::Command command = forget_command(ids, name.first, name.second);
    command.sender = redis::Sender::kProduct;
    commands_.submit(std::move(command), [](const Result<redis::Reply>&) {}).release();
  }
  count_ = 0;
}

}  // namespace notify
