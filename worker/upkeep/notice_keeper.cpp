#include "worker/upkeep/notice_keeper.hpp"

#include <utility>

#include "shared/redis/schema_notices.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kNoWait{0};
constexpr std::int64_t kAtOnce = 100;

}  // namespace

NoticeKeeper::NoticeKeeper(redis::Host& host, Log& log, redis::Client& commands, Options options)
    : log_(log),
      options_(std::move(options)),
      calls_(commands),
      remind_timer_(host.timer(redis::TimerKind::kBackground, [this] { remind(); })),
      clicks_timer_(host.timer(redis::TimerKind::kBackground, [this] { take_clicks(); })) {}

void NoticeKeeper::add(const std::string& environment, const std::string& stream) {
  wards_.push_back(
      {environment, redis::pending_notifications(environment), redis::notices_stream(stream)});
}

void NoticeKeeper::on_link(bool ready) {
  ready_ = ready && !wards_.empty();
  if (ready_) {
    remind_timer_->arm(kNoWait);
    clicks_timer_->arm(kNoWait);
  }
}

void NoticeKeeper::stop() {
  ready_ = false;
  remind_timer_->disarm();
  clicks_timer_->disarm();
}

void NoticeKeeper::remind() {
  if (!ready_) {
    return;  // on_link() goes on
  }
  remind_timer_->arm(options_.look);
  for (const auto& ward : wards_) {
    remind(ward);
  }
}

void NoticeKeeper::remind(const Ward& ward) {
  calls_.script(redis::scripts::remind, {ward.waiting, ward.notices},
                {std::string(redis::kNotificationMeta), std::string(redis::kNoticesGroup),
                 std::to_string(options_.remind_every.count()),
                 std::to_string(options_.most_reminders), std::to_string(kAtOnce)},
                kNoWait, [this, &ward](const Result<redis::Reply>& reply) {
                  if (!reply) {
                    return on_error(reply.error(), "making reminders");
                  }
                  const auto made = reply->integer().value_or(0);
                  if (made > 0) {
                    log_.write(LogLevel::kInfo, "reminders",
                               {{"environment", ward.environment}, {"count", made}});
                  }
                  if (made == kAtOnce && ready_) {
                    remind(ward);
                  }
                });
}

void NoticeKeeper::take_clicks() {
  if (!ready_) {
    return;
  }
  clicks_timer_->arm(options_.look_clicks);
  calls_.script(redis::scripts::resolve, {options_.clicks},
                {std::string(redis::kNotificationMeta), std::string(redis::kNoticesGroup),
                 std::to_string(kAtOnce)},
                kNoWait, [this](const Result<redis::Reply>& reply) {
                  if (!reply) {
                    return on_error(reply.error(), "taking clicks");
                  }
                  last_error_.clear();
                  for (std::size_t i = 0; i + 2 < reply->size(); i += 3) {
                    const auto id = (*reply)[i].text();
                    const auto who = (*reply)[i + 1].text();
                    const auto said = (*reply)[i + 2].text();
                    const auto request = said.empty() ? "-" : said;
                    if (who.empty()) {
                      log_.write(LogLevel::kInfo, "a click for a notification that is not known",
                                 {{"notification", id}, {"request", request}});
                    } else {
                      log_.write(LogLevel::kInfo, "resolved",
                                 {{"notification", id}, {"user", who}, {"request", request}});
                    }
                  }
                });
}

// Links tell of themselves.
void NoticeKeeper::on_error(const Error& error, std::string_view during) {
  const bool away =
      error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kUnknownOutcome;
  if (!away && error.message != last_error_) {
    last_error_ = error.message;
    log_.write(LogLevel::kError, "Redis refused", {{"during", during}, {"error", error.message}});
  }
}

}  // namespace notify::worker
