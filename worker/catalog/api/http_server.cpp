#include "worker/catalog/api/http_server.hpp"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "shared/base/text.hpp"
#include "worker/net/connection_limit.hpp"
#include "worker/net/unix_listen.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kTryAgain{200};
constexpr std::chrono::milliseconds kListenAgain{10'000};
constexpr int kBacklog = 511;
constexpr int kSilence = 60;  // seconds

struct Verb {
  evhttp_cmd_type type;
  const char* name;
};
constexpr Verb kVerbs[] = {
    {EVHTTP_REQ_GET, "GET"},       {EVHTTP_REQ_POST, "POST"},       {EVHTTP_REQ_PUT, "PUT"},
    {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_PATCH, "PATCH"},     {EVHTTP_REQ_HEAD, "HEAD"},
    {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_OPTIONS, "OPTIONS"},
};

std::string header(evhttp_request* request, const char* name) {
  const char* value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
  return value == nullptr ? std::string() : std::string(value);
}

ApiRequest read_request(evhttp_request* request) {
  ApiRequest out;
  const auto type = evhttp_request_get_command(request);
  for (const auto& verb : kVerbs) {
    if (verb.type == type) {
      out.method = verb.name;
    }
  }
  const std::string uri = evhttp_request_get_uri(request);
  const auto mark = uri.find('?');
  out.path = uri.substr(0, mark);
  out.query = mark == std::string::npos ? std::string() : uri.substr(mark + 1);
  auto* body = evhttp_request_get_input_buffer(request);
  out.body.resize(evbuffer_get_length(body));
  evbuffer_copyout(body, out.body.data(), out.body.size());
  out.authorization = header(request, "Authorization");
  out.api_key = header(request, "X-API-Key");
  out.content_type = header(request, "Content-Type");
  out.address = header(request, "X-Real-IP");
  out.request_id = header(request, "X-Request-ID");
  out.user_id = header(request, "X-User-ID");
  return out;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(process::Loop& loop, Log& log, Options options, Handler handler)
      : loop_(loop),
        log_(log),
        options_(std::move(options)),
        handler_(std::move(handler)),
        timer_(loop.timer(redis::TimerKind::kBackground, [this] { try_to_serve(); })) {}

  ~Impl() {
    // What nobody answered is given up: its connections go with the server.
    auto left = std::exchange(requests_, {});
    for (auto* request : left) {
      evhttp_send_error(request, 503, "Service Unavailable");
    }
    leave_path();
    if (http_ != nullptr) {
      evhttp_free(http_);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void start() { try_to_serve(); }

  void drain() {
    draining_ = true;
    timer_->disarm();
    leave_path();
  }

  [[nodiscard]] std::size_t in_hand() const { return requests_.size(); }

 private:
  // Once the lock is given back the path is another worker's: it is not touched any more.
  void leave_path() {
    if (socket_ != nullptr) {
      limit_->forget();
      evhttp_del_accept_socket(http_, std::exchange(socket_, nullptr));
      ::unlink(options_.path.c_str());
    }
    if (lock_ >= 0) {
      ::close(std::exchange(lock_, -1));
    }
  }

  void try_to_serve() {
    if (const auto problem = take_lock(); !problem.empty()) {
      return tell_problem(problem);
    }
    if (lock_ < 0) {
      if (!told_waiting_) {
        told_waiting_ = true;
        log_.write(LogLevel::kNotice, "the catalogue is served by another worker",
                   {{"socket", options_.path}});
      }
      return timer_->arm(kTryAgain);
    }
    if (const auto problem = listen(); !problem.empty()) {
      return tell_problem(problem);
    }
    log_.write(LogLevel::kNotice, "the catalogue is served", {{"socket", options_.path}});
  }

  void tell_problem(const std::string& problem) {
    log_.write(LogLevel::kError, "the catalogue cannot be served",
               {{"socket", options_.path}, {"error", problem}});
    timer_->arm(kListenAgain);
  }

  // Answers what is wrong. lock_ tells whether it is ours; else another worker has it. A link in
  // the place of the lock is somebody's trap.
  std::string take_lock() {
    if (lock_ >= 0) {
      return {};
    }
    const std::string path = options_.path + ".lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
      return "cannot open " + path + ": " + std::strerror(errno);
    }
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      ::close(fd);
      return error == EWOULDBLOCK ? std::string()
                                  : "cannot lock " + path + ": " + std::strerror(error);
    }
    lock_ = fd;
    return {};
  }

  std::string listen() {
    const auto fd = listen_unix(options_.path, options_.group, kBacklog);
    if (!fd) {
      return fd.error().message;
    }
    http_ = evhttp_new(loop_.base());
    limit_.emplace(loop_, http_, options_.max_connections);
    evhttp_set_max_body_size(http_, static_cast<ev_ssize_t>(kMostBody));
    evhttp_set_max_headers_size(http_, static_cast<ev_ssize_t>(kMostHead));
    evhttp_set_timeout(http_, kSilence);
    ev_uint16_t verbs = 0;
    for (const auto& verb : kVerbs) {
      verbs = static_cast<ev_uint16_t>(verbs | verb.type);
    }
    evhttp_set_allowed_methods(http_, verbs);
    evhttp_set_gencb(http_, &Impl::on_request, this);
    socket_ = evhttp_accept_socket_with_handle(http_, *fd);
    limit_->watch(socket_);
    return {};
  }

  static void on_request(evhttp_request* request, void* self) noexcept {
    static_cast<Impl*>(self)->take(request);
  }

  // A request stays valid until it is answered, also when its connection is gone by then.
  void take(evhttp_request* request) {
    requests_.push_back(request);
    auto respond = [this, alive = std::weak_ptr(alive_), request](const Answer& answer) {
      if (!alive.expired()) {
        send(request, answer);
      }
    };
    if (requests_.size() > options_.max_requests) {
      return respond(unavailable(0, "too many requests"));
    }
    handler_(read_request(request), std::move(respond));
  }

  void send(evhttp_request* request, const Answer& answer) {
    const auto found = std::find(requests_.begin(), requests_.end(), request);
    if (found == requests_.end()) {
      return;
    }
    *found = requests_.back();
    requests_.pop_back();
    auto* headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", "application/json");
    if (draining_) {
      evhttp_add_header(headers, "Connection", "close");  // the next one is not for us
    }
    for (const auto& [name, value] : answer.headers) {
      evhttp_add_header(headers, name.c_str(), value.c_str());
    }
    auto* body = evbuffer_new();
    evbuffer_add(body, answer.body.data(), answer.body.size());
    evhttp_send_reply(request, answer.status, std::string(reason_of(answer.status)).c_str(), body);
    evbuffer_free(body);
  }

  process::Loop& loop_;
  Log& log_;
  Options options_;
  Handler handler_;
  std::unique_ptr<redis::Timer> timer_;
  int lock_ = -1;
  evhttp* http_ = nullptr;
  evhttp_bound_socket* socket_ = nullptr;
  std::optional<ConnectionLimit> limit_;
  std::vector<evhttp_request*> requests_;
  bool draining_ = false;
  bool told_waiting_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

HttpServer::HttpServer(process::Loop& loop, Log& log, Options options, Handler handler)
    : impl_(std::make_unique<Impl>(loop, log, std::move(options), std::move(handler))) {}
HttpServer::~HttpServer() = default;

void HttpServer::start() { impl_->start(); }
void HttpServer::drain() { impl_->drain(); }
std::size_t HttpServer::in_hand() const { return impl_->in_hand(); }

}  // namespace notify::worker
