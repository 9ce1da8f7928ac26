#include "ngx_notify_module/stream/session.hpp"

#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {
namespace {

// A new client gets its head at once where the stream is known here already, else after the
// subscription was confirmed, or so much later.
constexpr std::uint64_t kHeadDelayMs = 250;

}  // namespace

std::string_view resume_text(hub::Resume resume) {
  switch (resume) {
    case hub::Resume::kPending:
      return "";
    case hub::Resume::kNew:
      return "new";
    case hub::Resume::kRing:
      return "ring";
    case hub::Resume::kReplayed:
      return "replayed";
    case hub::Resume::kGap:
      return "gap";
  }
  return "";
}

namespace {

void count(hub::Resume resume) {
  switch (resume) {
    case hub::Resume::kPending:
      break;
    case hub::Resume::kNew:
      return metrics::count(metrics::Counter::kReplayNew);
    case hub::Resume::kRing:
      return metrics::count(metrics::Counter::kReplayRing);
    case hub::Resume::kReplayed:
      return metrics::count(metrics::Counter::kReplayRedis);
    case hub::Resume::kGap:
      return metrics::count(metrics::Counter::kReplayGap);
  }
}

}  // namespace

Session::Session(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
                 const hub::Format& format, OutChain& out, Report report)
    : Outlet(sessions, r, conf, out, report.close_reason),
      format_(format),
      resume_(report.resume) {}

Session::~Session() { report_resume(); }

void Session::start(std::string_view stream, const hub::Start& start) {
  begin(kHeadDelayMs);
  subscriber_ = sessions().hub().join(stream, format_, *this, start);
}

void Session::leave() {
  report_resume();
  subscriber_.reset();
}

void Session::drained() {
  if (subscriber_ != nullptr) {
    sessions().hub().drained(*subscriber_);
  }
}

void Session::report_resume() {
  if (subscriber_ != nullptr) {
    resume_ = resume_text(subscriber_->resume());
    count(subscriber_->resume());
  }
}

}  // namespace notify
