#include "ngx_notify_module/stream/receiver.hpp"

#include <algorithm>
#include <cstring>

#include "shared/base/clock.hpp"
#include "shared/base/crypto.hpp"
#include "shared/model/entry.hpp"

namespace notify {
namespace {

constexpr std::uint64_t kSecondUs = 1'000'000;

std::string written(const std::vector<Receiver::Part>& parts, std::string_view message) {
  std::string text;
  for (const Receiver::Part& part : parts) {
    switch (part.kind) {
      case Receiver::Part::Kind::kText:
        text.append(part.text);
        break;
      case Receiver::Part::Kind::kMessage:
        text.append(message);
        break;
      case Receiver::Part::Kind::kTime:
        text.append(format_iso8601_utc(unix_us()));
        break;
    }
  }
  return text;
}

// An id that no entry ever has: Redis' own sequence does not get as far.
EntryId id_of_echo() {
  constexpr std::uint64_t kBeyond = std::uint64_t{1} << 63;
  const std::string random = random_bytes(sizeof(std::uint64_t));
  std::uint64_t seq = 0;
  std::memcpy(&seq, random.data(), sizeof seq);
  return {static_cast<std::uint64_t>(unix_ms()), seq | kBeyond};
}

}  // namespace

Receiver::Receiver(redis::Client& commands, Recipe recipe, std::function<void()> wake)
    : commands_(commands),
      recipe_(std::move(recipe)),
      wake_(std::move(wake)),
      credit_us_(recipe_.burst * kSecondUs) {}

void Receiver::take(std::string_view message, std::uint64_t now_ms) {
  spend(now_ms);
  if (recipe_.echo == nullptr) {
    publish(message);
    return;
  }
  Entry entry{id_of_echo(), {}};
  for (const auto& [name, parts] : recipe_.fields) {
    entry.fields.emplace_back(name, written(parts, message));
  }
  echo_.append(recipe_.echo->entry(recipe_.terms.stream, entry));
}

std::string Receiver::take_echo() {
  if (!echo_.empty()) {
    wake_();  // what was not read meanwhile
  }
  return std::exchange(echo_, {});
}

void Receiver::publish(std::string_view message) {
  PublishOrder order{recipe_.terms, {}};
  order.fields.reserve(recipe_.fields.size());
  for (const auto& [name, parts] : recipe_.fields) {
    order.fields.emplace_back(name, written(parts, message));
  }
  redis::Command command = publish_command(std::move(order));
  command.wait = redis::Milliseconds(recipe_.wait_ms);
  busy_ = true;
  pending_ = commands_.submit(std::move(command), [this](const Result<redis::Reply>& reply) {
    busy_ = false;
    if (!reply) {
      failure_ = error_of(reply.error());
    } else if (reply->is_error()) {
      failure_ = error_of(*reply);
    }
    wake_();
  });
}

// A bucket of `burst` messages that `rate` a second fill.
void Receiver::spend(std::uint64_t now_ms) {
  if (recipe_.rate == 0) {
    return;
  }
  const std::uint64_t elapsed_ms = std::min<std::uint64_t>(now_ms - filled_ms_, 3'600'000);
  filled_ms_ = now_ms;
  credit_us_ = std::min(credit_us_ + elapsed_ms * 1000 * recipe_.rate, recipe_.burst * kSecondUs);
  credit_us_ -= std::min(credit_us_, kSecondUs);
  const std::uint64_t lacking_us = kSecondUs - std::min(credit_us_, kSecondUs);
  ready_ms_ = now_ms + (lacking_us / recipe_.rate + 999) / 1000;
}

}  // namespace notify
