#include "worker/delivery/http_client.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/base/clock.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kKeptBody = 64 * 1024;
constexpr std::size_t kMostBody = 64 * 1024;
constexpr std::size_t kMostHeader = 256;

struct Transfer {
  HttpClient::TransferId id = 0;
  HttpRequest request;
  HttpClient::Completion completion;
  HttpResult result;
  std::size_t body_bytes = 0;
  std::int64_t started_ms = 0;
  const TargetRule* targets = nullptr;  // null: any address
  bool refused_address = false;
  bool tried_address = false;
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  char error[CURL_ERROR_SIZE] = "";

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
};

// "Name: value" → value, if it is that header.
void keep_header(std::string& target, std::string_view name, std::string_view line) {
  if (line.size() > name.size() && line[name.size()] == ':' &&
      iequals(line.substr(0, name.size()), name)) {
    target = trim(line.substr(name.size() + 1)).substr(0, kMostHeader);
  }
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& result = static_cast<Transfer*>(self)->result;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // also of each interim answer
    result.retry_after.clear();
    result.date.clear();
  }
  keep_header(result.retry_after, "retry-after", line);
  keep_header(result.date, "date", line);
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  auto& body = transfer.result.body;
  transfer.body_bytes += size;
  body.append(data, std::min(size, kKeptBody - std::min(kKeptBody, body.size())));
  return transfer.body_bytes > kMostBody ? 0 : size;  // 0 ends the transfer
}

std::optional<TargetAddress> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return address_of_bytes(reinterpret_cast<const unsigned char*>(&in.sin_addr), 4);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return address_of_bytes(in.sin6_addr.s6_addr, 16);
  }
  return std::nullopt;
}

// libcurl asks for a socket for each address that it is about to connect.
curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* to) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto address = address_of(to->addr);
  if (!address || !transfer.targets->allows(*address)) {
    transfer.refused_address = true;
    return CURL_SOCKET_BAD;
  }
  transfer.tried_address = true;
  transfer.result.internal = transfer.result.internal || !is_public_address(*address);
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// libcurl's texts hold host and port at most; made sure of, since the URL is a credential.
std::string without_url(std::string text, std::string_view url) {
  replace_all(text, url, display_url(url));
  const auto path = url.find('/', url.find("://") == url.npos ? 0 : url.find("://") + 3);
  if (path != url.npos && url.size() - path > 1) {
    replace_all(text, url.substr(path), "/…");
  }
  return text;
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(redis::Host& host, HttpOptions options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  TransferId send(HttpRequest request, Completion completion);
  void cancel(TransferId id);
  [[nodiscard]] std::size_t in_flight() const { return transfers_.size(); }

 private:
  // One of libcurl's sockets. Parked until the end of the turn when libcurl lets go of it, since
  // it may be the one whose event is being handled.
  struct Socket final : redis::WatchHandler {
    Socket(Impl& impl, curl_socket_t descriptor) : owner(impl), fd(descriptor) {}
    void on_readable() override { owner.act(fd, CURL_CSELECT_IN); }
    void on_writable() override { owner.act(fd, CURL_CSELECT_OUT); }

    Impl& owner;
    curl_socket_t fd;
    std::unique_ptr<redis::Watch> watch;
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long ms, void* self) noexcept;
  void want(curl_socket_t fd, int what);
  void act(curl_socket_t fd, int events);
  void finish_done();
  void finish(std::unique_ptr<Transfer> transfer, CURLcode code);
  bool prepare(Transfer& transfer) const;

  redis::Host& host_;
  HttpOptions options_;
  CURLM* multi_;
  std::unique_ptr<redis::Timer> timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::unordered_map<TransferId, std::unique_ptr<Transfer>> transfers_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // for tasks that were posted
  TransferId next_id_ = 1;
};

HttpClient::Impl::Impl(redis::Host& host, HttpOptions options)
    : host_(host), options_(std::move(options)) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = curl_multi_init();
  timer_ = host_.timer(redis::TimerKind::kHolding, [this] { act(CURL_SOCKET_TIMEOUT, 0); });
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.max_connections);
}

HttpClient::Impl::~Impl() {
  for (auto& [id, transfer] : transfers_) {
    curl_multi_remove_handle(multi_, transfer->easy);
  }
  transfers_.clear();
  curl_multi_cleanup(multi_);
  curl_global_cleanup();
}

HttpClient::TransferId HttpClient::Impl::send(HttpRequest request, Completion completion) {
  auto transfer = std::make_unique<Transfer>();
  const auto id = next_id_++;
  transfer->id = id;
  transfer->request = std::move(request);
  transfer->completion = std::move(completion);
  transfer->started_ms = monotonic_ms();
  transfer->easy = curl_easy_init();
  const bool ready = transfer->easy != nullptr && prepare(*transfer) &&
                     curl_multi_add_handle(multi_, transfer->easy) == CURLM_OK;
  auto& kept = transfers_[id] = std::move(transfer);
  if (!ready) {
    kept->result.outcome = HttpOutcome::kRefused;
    kept->result.error = "the request cannot be prepared";
    host_.post([this, id, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) {
        return;
      }
      if (auto node = transfers_.extract(id)) {
        node.mapped()->completion(std::move(node.mapped()->result));
      }
    });
  }
  return id;
}

bool HttpClient::Impl::prepare(Transfer& transfer) const {
  CURL* easy = transfer.easy;
  const auto& request = transfer.request;
  for (const auto& [name, value] : request.headers) {
    if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return false;
    }
    // "Name;" is how libcurl wants to be told of an empty value.
    const auto line = value.empty() ? name + ";" : name + ": " + value;
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");  // no 100-continue

  CURLcode code = CURLE_OK;
  const auto set = [&code, easy](CURLoption option, auto value) {
    if (code == CURLE_OK) {
      code = curl_easy_setopt(easy, option, value);
    }
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(CURLOPT_POSTFIELDS, request.body.data());  // not copied: `transfer` keeps it
  set(CURLOPT_HTTPHEADER, transfer.headers);
  set(CURLOPT_USERAGENT, "notify-worker");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  // libcurl sends a request again, at once and unasked, when a connection that it had kept turns
  // out to be dead. One attempt is one request: so none is kept.
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a thread that resolves a name
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(transfer.error));
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_PRIVATE, static_cast<void*>(&transfer));
  if (!request.trusted) {
    transfer.targets = &options_.targets;
    set(CURLOPT_PROXY, "");
    set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
  }
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  return code == CURLE_OK;
}

void HttpClient::Impl::cancel(TransferId id) {
  if (auto node = transfers_.extract(id)) {
    curl_multi_remove_handle(multi_, node.mapped()->easy);
  }
}

int HttpClient::Impl::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
  static_cast<Impl*>(self)->want(fd, what);
  return 0;
}

int HttpClient::Impl::on_timer(CURLM*, long ms, void* self) noexcept {
  auto& timer = *static_cast<Impl*>(self)->timer_;
  if (ms < 0) {
    timer.disarm();
  } else {
    timer.arm(std::chrono::milliseconds{ms});
  }
  return 0;
}

void HttpClient::Impl::want(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    if (auto node = sockets_.extract(fd)) {
      node.mapped()->watch.reset();  // now: libcurl closes the descriptor next
      host_.post([parked = std::move(node.mapped())] {});
    }
    return;
  }
  auto& socket = sockets_[fd];
  if (!socket) {
    socket = std::make_shared<Socket>(*this, fd);
    socket->watch = host_.watch(fd, *socket);
  }
  socket->watch->want((what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
}

void HttpClient::Impl::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  finish_done();
}

// First all are taken off libcurl's list, then completed: a completion may send and cancel.
void HttpClient::Impl::finish_done() {
  std::vector<std::pair<TransferId, CURLcode>> done;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) {
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      done.emplace_back(transfer->id, message->data.result);
    }
  }
  for (const auto& [id, code] : done) {
    if (auto node = transfers_.extract(id)) {
      curl_multi_remove_handle(multi_, node.mapped()->easy);
      finish(std::move(node.mapped()), code);
    }
  }
}

void HttpClient::Impl::finish(std::unique_ptr<Transfer> transfer, CURLcode code) {
  auto& result = transfer->result;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &result.status);
  result.received_unix_ms = unix_ms();
  result.took = std::chrono::milliseconds{monotonic_ms() - transfer->started_ms};
  // A body that was too long, too slow or cut off does not change what the status has said.
  if (code == CURLE_OK || result.status >= 200) {
    result.outcome = HttpOutcome::kAnswered;
    result.cut = code != CURLE_OK;
  } else if (transfer->refused_address && !transfer->tried_address) {
    result.outcome = HttpOutcome::kRefused;
    result.error =
        "the target has no public address (the operator can allow others: TARGET_ALLOWED_CIDRS)";
  } else {
    result.outcome = code == CURLE_OPERATION_TIMEDOUT ? HttpOutcome::kTimeout
                     : code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL
                         ? HttpOutcome::kRefused
                         : HttpOutcome::kFailed;
    result.error =
        without_url(transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code),
                    transfer->request.url);
  }
  transfer->completion(std::move(result));
}

HttpClient::HttpClient(redis::Host& host, HttpOptions options)
    : impl_(std::make_unique<Impl>(host, std::move(options))) {}

HttpClient::~HttpClient() = default;

HttpClient::TransferId HttpClient::send(HttpRequest request, Completion completion) {
  return impl_->send(std::move(request), std::move(completion));
}

void HttpClient::cancel(TransferId id) { impl_->cancel(id); }

std::size_t HttpClient::in_flight() const { return impl_->in_flight(); }

}  // namespace notify::worker
