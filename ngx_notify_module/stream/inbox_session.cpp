#include "ngx_notify_module/stream/inbox_session.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {
namespace {

// As for a subscription: so much later the client gets its head even if Redis is away.
constexpr std::uint64_t kHeadDelayMs = 250;
constexpr redis::Milliseconds kWait{2000};  // for the link
constexpr std::chrono::milliseconds kRetry{1000};

}  // namespace

InboxSession::InboxSession(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
                           const hub::Format& format, OutChain& out, redis::Client& commands,
                           Report report)
    : Outlet(sessions, r, conf, out, report.close_reason),
      format_(format),
      commands_(commands),
      resume_(report.resume) {}

void InboxSession::start(const InboxName& inbox) {
  inbox_ = inbox;
  begin(kHeadDelayMs);
  read();
}

void InboxSession::leave() {
  pending_.detach();
  retry_.reset();
  subscriber_.reset();
}

// ---- pages --------------------------------------------------------------------------------------

void InboxSession::read() {
  redis::Command command = inbox_command(inbox_, cursor_);
  command.wait = kWait;
  command.sender = redis::Sender::kProduct;
  reading_ = true;
  pending_ = commands_.submit(std::move(command), [this](const Result<redis::Reply>& reply) {
    reading_ = false;
    if (!reply) {
      failed(reply.error().message);
    } else if (reply->is_error()) {
      failed(reply->text());
    } else if (const std::optional<InboxPage> page = parse_inbox(*reply)) {
      complained_ = false;
      on_page(*page);
    } else {
      failed("inbox.lua answered in an unknown shape");
    }
  });
}

// The client stays: whatever it is may pass. Told once, not with every attempt.
void InboxSession::failed(std::string_view why) {
  if (!std::exchange(complained_, true)) {
    log_text(NGX_LOG_WARN, request()->connection->log,
             "notify: an inbox cannot be read, it is tried again: " + std::string(why));
  }
  if (retry_ == nullptr) {
    retry_ = std::make_unique<EventTimer>(EventTimer::kCancelable, [this] { read(); });
  }
  retry_->arm(kRetry);
}

void InboxSession::on_page(const InboxPage& page) {
  std::string text;
  if (page.trimmed > 0) {
    text = format_.gap(inbox_.stream, hub::reason(hub::Loss::kTrimmed), cursor_, cursor_);
  }
  for (const Entry& entry : page.entries) {
    text.append(format_.entry(inbox_.stream, entry));
  }
  if (resume_.empty()) {
    resume_ = page.trimmed > 0 ? "gap" : (page.entries.empty() ? "new" : "replayed");
  }
  cursor_ = page.cursor;
  if (!page.more) {
    end_ = page.last;
  }
  if (!std::exchange(opened_, true) && open() == hub::Flow::kClosed) {
    return;
  }
  hub::Flow flow = hub::Flow::kOpen;
  if (!text.empty()) {
    const BytesRef piece(std::move(text));
    flow = send(std::span(&piece, 1));
  }
  if (flow == hub::Flow::kOpen) {
    go_on();
  }
}

void InboxSession::go_on() {
  if (end_) {
    retry_.reset();
    subscriber_ =
        sessions().hub().join(inbox_.stream, format_, *this, {hub::Start::From::kAfter, *end_});
  } else {
    read();
  }
}

void InboxSession::drained() {
  if (subscriber_ != nullptr) {
    sessions().hub().drained(*subscriber_);
  } else if (opened_ && !reading_ && (retry_ == nullptr || !retry_->armed())) {
    go_on();
  }
}

}  // namespace notify
