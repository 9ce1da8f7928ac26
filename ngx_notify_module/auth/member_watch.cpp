#include "ngx_notify_module/auth/member_watch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"

namespace notify {
namespace {

// The hash may hold other things than members, such as the state of who writes it.
bool is_digest(std::string_view value) {
  constexpr std::size_t kDigits = 64;
  return value.size() == kDigits && is_lower_hex(value);
}

// What the field NAME:USER holds where this user of the member is shut out. A member may be named
// like that, too, and then has a digest there.
constexpr std::string_view kShutOut = "-";

}  // namespace

Result<std::string> judge_member(const Result<redis::Reply>& reply, const std::string& key_digest) {
  if (!reply) {
    return error_of(reply.error());
  }
  if (reply->is_error()) {
    return error_of(*reply);
  }
  const auto value = (*reply)[0].bulk();
  if (!value || !is_digest(*value) ||
      (!key_digest.empty() && !equal_constant_time(key_digest, *value)) ||
      (*reply)[1].text() == kShutOut) {
    return Error{ErrorKind::kForbidden, "Forbidden"};
  }
  return std::string(*value);
}

redis::Command member_command(const Membership& membership) {
  redis::Command command;
  command.arguments = {"HMGET", membership.hash, membership.name};
  if (!membership.user.empty()) {
    command.arguments.push_back(membership.name + ":" + membership.user);
  }
  command.repeat = redis::Repeat::kSafe;
  return command;
}

MemberWatch::MemberWatch(redis::Client& commands, Membership membership,
                         std::chrono::milliseconds interval, std::function<void()> gone)
    : commands_(commands),
      membership_(std::move(membership)),
      interval_(interval),
      gone_(std::move(gone)),
      timer_(EventTimer::kCancelable, [this] { ask(); }) {
  timer_.arm(interval_);
}

void MemberWatch::ask() {
  redis::Command command = member_command(membership_);
  command.sender = redis::Sender::kProduct;
  pending_ = commands_.submit(std::move(command), [this](const Result<redis::Reply>& reply) {
    const Result<std::string> verdict = judge_member(reply, membership_.key_digest);
    const bool missing = !verdict && verdict.error().kind == ErrorKind::kForbidden;
    if (missing && missed_) {
      const auto gone = gone_;  // it may destroy us
      gone();
      return;
    }
    missed_ = missing || (missed_ && !verdict);
    timer_.arm(missed_ ? std::min(interval_, kAgain) : interval_);
  });
}

}  // namespace notify
