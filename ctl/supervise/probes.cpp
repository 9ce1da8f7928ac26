#include "ctl/supervise/probes.hpp"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace notify::ctl {
namespace {

constexpr int kAnswerLimit = 3;  // seconds
constexpr Backoff kPauses{std::chrono::milliseconds{10}, std::chrono::milliseconds{500}, 0.2};

redis::LinkOptions probe_options(const RedisUrl& url) {
  redis::LinkOptions options;
  options.url = url;
  if (url.host == "localhost") {
    options.url.host = "127.0.0.1 ::1";  // a link wants addresses
  }
  options.client_name = "notifyctl:up";
  return options;
}

}  // namespace

RedisProbe::RedisProbe(process::Loop& loop, const RedisUrl& url, std::function<void()> answered)
    : answered_(std::move(answered)), link_(loop, probe_options(url), *this) {
  link_.start();
}

HttpProbe::HttpProbe(process::Loop& loop, std::string address, std::uint16_t port, std::string path,
                     std::function<void()> answered)
    : loop_(loop),
      address_(std::move(address)),
      port_(port),
      path_(std::move(path)),
      answered_(std::move(answered)),
      again_(loop.timer(redis::TimerKind::kHolding, [this] { look(); })) {
  look();
}

HttpProbe::~HttpProbe() {
  if (connection_ != nullptr) {
    evhttp_connection_free(connection_);
  }
}

void HttpProbe::look() {
  if (connection_ != nullptr || done_) {
    return;
  }
  again_->disarm();
  connection_ = evhttp_connection_base_new(loop_.base(), nullptr, address_.c_str(), port_);
  evhttp_request* const request = evhttp_request_new(&HttpProbe::on_answer, this);
  if (connection_ == nullptr || request == nullptr) {
    answer(false);
    return;
  }
  evhttp_connection_set_timeout(connection_, kAnswerLimit);
  evhttp_add_header(evhttp_request_get_output_headers(request), "Host", "localhost");
  if (evhttp_make_request(connection_, request, EVHTTP_REQ_GET, path_.c_str()) != 0) {
    answer(false);
  }
}

void HttpProbe::on_answer(evhttp_request* request, void* self) noexcept {
  const bool fine = request != nullptr && evhttp_request_get_response_code(request) == HTTP_OK;
  static_cast<HttpProbe*>(self)->answer(fine);
}

// The connection may be on the stack: it goes when the turn ends.
void HttpProbe::answer(bool fine) {
  if (evhttp_connection* const used = std::exchange(connection_, nullptr)) {
    loop_.post([used] { evhttp_connection_free(used); });
  }
  if (done_) {
    return;
  }
  done_ = fine;
  if (fine) {
    answered_();
  } else {
    again_->arm(kPauses.next(attempts_++, loop_.random()));
  }
}

FolderWatch::FolderWatch(process::Loop& loop, const std::string& folder,
                         std::function<void()> changed)
    : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), changed_(std::move(changed)) {
  if (fd_ >= 0 && ::inotify_add_watch(fd_, folder.c_str(), IN_CREATE | IN_MOVED_TO) >= 0) {
    watch_ = loop.watch(fd_, *this);
    watch_->want(true, false);
  }
}

FolderWatch::~FolderWatch() {
  watch_.reset();
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void FolderWatch::on_readable() {
  std::array<char, 4096> events{};
  while (::read(fd_, events.data(), events.size()) > 0) {
  }
  changed_();
}

}  // namespace notify::ctl
