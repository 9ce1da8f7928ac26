#pragma once

// Looks after notifications that wait for somebody (shared/redis/schema_notices.hpp): makes the
// reminders that are due, and takes the clicks that resolve them. Each is one script, so that any
// number of workers may look at the same time, and nothing is between two steps when one dies. What
// is to be said goes into the streams of notices, which are delivered like any other.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class NoticeKeeper {
 public:
  struct Options {
    std::string clicks;  // the stream
    std::chrono::milliseconds remind_every{0};
    std::chrono::milliseconds look{0};         // how often for what is due
    std::chrono::milliseconds look_clicks{0};  // likewise
    unsigned most_reminders = 0;               // 0: until it is resolved
  };

  NoticeKeeper(redis::Host& host, Log& log, redis::Client& commands, Options options);

  void add(const std::string& environment, const std::string& stream);  // at start
  void on_link(bool ready);
  void stop();

 private:
  struct Ward {
    std::string environment;
    std::string waiting;
    std::string notices;
  };

  void remind();
  void remind(const Ward& ward);
  void take_clicks();
  void on_error(const Error& error, std::string_view during);

  Log& log_;
  Options options_;
  Calls calls_;
  std::vector<Ward> wards_;
  bool ready_ = false;
  std::string last_error_;  // so that it is not told at each look
  std::unique_ptr<redis::Timer> remind_timer_;
  std::unique_ptr<redis::Timer> clicks_timer_;
};

}  // namespace notify::worker
