#include "ngx_notify_module/upstream/queue_log.hpp"

#include <string>

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {
namespace {

void say(ngx_uint_t level, const queue::Name& name, const std::string& what) {
  std::string text = "notify: group \"";
  text.append(name.group).append("\" of stream \"").append(name.stream).append("\" ").append(what);
  log_text(level, ngx_cycle->log, text);
}

}  // namespace

void QueueLog::group_lost(const queue::Name& name) {
  say(NGX_LOG_ERR, name,
      "is gone from Redis (deleted, flushed or evicted); its consumers are disconnected");
}

void QueueLog::group_restored(const queue::Name& name) {
  say(NGX_LOG_ERR, name,
      "had been lost; it begins again before its oldest unfinished entry, some entries may come "
      "again");
}

void QueueLog::entries_dropped(const queue::Name& name, std::uint64_t gone, std::uint64_t dead) {
  if (gone > 0) {
    say(NGX_LOG_WARN, name,
        "lost " + std::to_string(gone) + " unfinished entries: they were removed from the stream");
  }
  if (dead > 0) {
    say(NGX_LOG_WARN, name,
        "has " + std::to_string(dead) + " more dead letters: they were delivered too often");
  }
}

void QueueLog::operation_failed(const queue::Name& name, const Error& error) {
  if (ngx_current_msec < quiet_until_ms_) {
    ++unsaid_;
    return;
  }
  quiet_until_ms_ = ngx_current_msec + kQuietMs;
  std::string text = "cannot be served: " + error.message;
  if (unsaid_ > 0) {
    text += " (and " + std::to_string(unsaid_) + " failures before, of any group)";
  }
  unsaid_ = 0;
  say(NGX_LOG_WARN, name, text);
}

}  // namespace notify
