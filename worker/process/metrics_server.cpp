#include "worker/process/metrics_server.hpp"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "worker/net/connection_limit.hpp"
#include "worker/net/unix_listen.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kTryAgain{10'000};
constexpr std::size_t kMostHead = 8 * 1024;
constexpr int kSilence = 10;  // seconds
constexpr std::size_t kMostConnections = 64;
constexpr int kBacklog = 16;
constexpr std::string_view kUnix = "unix:";

}  // namespace

class MetricsServer::Impl {
 public:
  Impl(process::Loop& loop, Log& log, std::string listen, std::string group,
       std::function<std::string()> text)
      : log_(log),
        listen_(std::move(listen)),
        group_(std::move(group)),
        text_(std::move(text)),
        http_(evhttp_new(loop.base())),
        timer_(loop.timer(redis::TimerKind::kBackground, [this] { start(); })) {
    if (http_ != nullptr) {
      evhttp_set_max_headers_size(http_, kMostHead);
      evhttp_set_max_body_size(http_, 0);
      evhttp_set_timeout(http_, kSilence);
      evhttp_set_allowed_methods(http_, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
      evhttp_set_gencb(http_, &on_request, this);
      limit_.emplace(loop, http_, kMostConnections);
    }
  }
  ~Impl() {
    if (http_ != nullptr) {
      evhttp_free(http_);
    }
    if (!path_.empty()) {
      ::unlink(path_.c_str());
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() {
    const auto problem = http_ == nullptr             ? std::string("out of memory")
                         : listen_.starts_with(kUnix) ? listen_to_unix()
                                                      : listen_to_port();
    if (problem.empty()) {
      return log_.write(LogLevel::kNotice, "metrics are served", {{"listen", listen_}});
    }
    log_.write(LogLevel::kError, "metrics cannot be served; trying on",
               {{"listen", listen_}, {"error", problem}});
    timer_->arm(kTryAgain);
  }

 private:
  // Both answer what is wrong.
  std::string listen_to_port() {
    const auto colon = listen_.rfind(':');
    std::string address = listen_.substr(0, colon);
    if (address.starts_with('[')) {
      address = address.substr(1, address.size() - 2);
    }
    const auto port = static_cast<std::uint16_t>(std::stoul(listen_.substr(colon + 1)));
    auto* socket = evhttp_bind_socket_with_handle(http_, address.c_str(), port);
    if (socket == nullptr) {
      return std::strerror(errno);
    }
    limit_->watch(socket);
    return "";
  }

  // The socket of a worker that was killed is in the way; that of one that runs is taken from it.
  std::string listen_to_unix() {
    const std::string path = listen_.substr(kUnix.size());
    const auto fd = listen_unix(path, group_, kBacklog);
    if (!fd) {
      return fd.error().message;
    }
    auto* socket = evhttp_accept_socket_with_handle(http_, *fd);
    if (socket == nullptr) {
      ::close(*fd);
      return "out of memory";
    }
    limit_->watch(socket);
    path_ = path;
    return "";
  }

  static void on_request(evhttp_request* request, void* self) noexcept {
    try {
      static_cast<Impl*>(self)->answer(request);
    } catch (...) {
      evhttp_send_error(request, HTTP_INTERNAL, nullptr);
    }
  }

  void answer(evhttp_request* request) {
    const std::string_view uri = evhttp_request_get_uri(request);
    if (uri.substr(0, uri.find('?')) != "/metrics") {
      return evhttp_send_error(request, HTTP_NOTFOUND, nullptr);
    }
    const std::string body = text_();
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "text/plain; version=0.0.4; charset=utf-8");
    evbuffer_add(evhttp_request_get_output_buffer(request), body.data(), body.size());
    evhttp_send_reply(request, HTTP_OK, "OK", nullptr);
  }

  Log& log_;
  const std::string listen_;
  const std::string group_;
  const std::function<std::string()> text_;
  evhttp* http_;
  std::optional<ConnectionLimit> limit_;
  std::unique_ptr<redis::Timer> timer_;
  std::string path_;  // of our socket
};

MetricsServer::MetricsServer(process::Loop& loop, Log& log, std::string listen, std::string group,
                             std::function<std::string()> text)
    : impl_(std::make_unique<Impl>(loop, log, std::move(listen), std::move(group),
                                   std::move(text))) {}
MetricsServer::~MetricsServer() = default;

void MetricsServer::start() { impl_->start(); }

}  // namespace notify::worker
