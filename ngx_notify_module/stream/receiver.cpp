#include "ngx_notify_module/stream/receiver.hpp"

#include <algorithm>

#include "shared/base/clock.hpp"

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

}  // namespace

Receiver::Receiver(redis::Client& commands, Recipe recipe, std::function<void()> wake)
    : commands_(commands),
      recipe_(std::move(recipe)),
      wake_(std::move(wake)),
      credit_us_(recipe_.burst * kSecondUs) {}

void Receiver::publish(std::string_view message, std::uint64_t now_ms) {
  PublishOrder order{recipe_.terms, {}};
  order.fields.reserve(recipe_.fields.size());
  for (const auto& [name, parts] : recipe_.fields) {
    order.fields.emplace_back(name, written(parts, message));
  }
  redis::Command command = publish_command(order);
  command.wait = redis::Milliseconds(recipe_.wait_ms);
  busy_ = true;
  spend(now_ms);
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
