#include "worker/delivery/budget.hpp"

#include <utility>

#include "shared/base/crypto.hpp"
#include "shared/redis/schema.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTakeWait{1'000};
constexpr milliseconds kHoldWait{30'000};

}  // namespace

Budget::Budget(redis::Client& client, std::string_view destination, unsigned burst, double rate)
    : calls_(client),
      key_("notify:budget:{" + hex(sha256(destination)) + "}"),
      burst_(std::to_string(burst)),
      rate_(std::to_string(rate)) {}

void Budget::take(std::function<void(Result<milliseconds>)> done) {
  calls_.script(redis::scripts::budget, {key_}, {"take", burst_, rate_}, kTakeWait,
                [done = std::move(done)](const Result<redis::Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  const auto wait = reply->integer();
                  if (!wait || *wait < 0) {
                    return done(Error{ErrorKind::kInternal, "budget: not a time"});
                  }
                  done(milliseconds{*wait});
                });
}

void Budget::hold(milliseconds time) {
  calls_.script(redis::scripts::budget, {key_}, {"hold", std::to_string(time.count())}, kHoldWait,
                [](const Result<redis::Reply>&) {});
}

}  // namespace notify::worker
