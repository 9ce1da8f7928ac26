#include "worker/net/connection_limit.hpp"

#include <dirent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(sockaddr_storage);
};

// Its own end's; nullopt: it is no socket.
std::optional<Address> address_of(int fd) {
  Address out;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&out.bytes), &out.size) == 0
             ? std::optional(out)
             : std::nullopt;
}

// A connection has the address of the socket that it came to. Where that is "every address" only
// the port is the same.
bool is_same(const Address& one, const Address& other) {
  if (one.bytes.ss_family != other.bytes.ss_family) {
    return false;
  }
  if (one.bytes.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(one.bytes).sin_port ==
           reinterpret_cast<const sockaddr_in&>(other.bytes).sin_port;
  }
  if (one.bytes.ss_family == AF_INET6) {
    return reinterpret_cast<const sockaddr_in6&>(one.bytes).sin6_port ==
           reinterpret_cast<const sockaddr_in6&>(other.bytes).sin6_port;
  }
  return one.size == other.size && std::memcmp(&one.bytes, &other.bytes, one.size) == 0;
}

// The descriptors of this process with the address of `listener`, itself apart; nullopt: they
// cannot be seen.
std::optional<std::size_t> count_connections(int listener) {
  const auto own = address_of(listener);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (!own || !folder) {
    return std::nullopt;
  }
  std::size_t count = 0;
  // The loop's thread alone has this folder.
  while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    const auto fd = parse_u64(static_cast<const char*>(entry->d_name));
    if (!fd || static_cast<int>(*fd) == listener) {
      continue;
    }
    const auto address = address_of(static_cast<int>(*fd));
    count += address && is_same(*address, *own) ? 1 : 0;
  }
  return count;
}

std::size_t half_of_descriptors() {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? std::max<std::size_t>(files.rlim_cur / 2, 8)
                                                 : 512;
}

}  // namespace

ConnectionLimit::ConnectionLimit(process::Loop& loop, evhttp* http, std::size_t most)
    : most_(std::min(most, half_of_descriptors())),
      timer_(loop.timer(redis::TimerKind::kBackground, [this] { look(); })) {
  evhttp_set_bevcb(http, &on_accept, this);
}

void ConnectionLimit::watch(evhttp_bound_socket* socket) { socket_ = socket; }

void ConnectionLimit::forget() {
  timer_->disarm();
  socket_ = nullptr;
}

// For each connection, before evhttp reads from it. It makes the buffers itself where it is given
// none.
bufferevent* ConnectionLimit::on_accept(event_base*, void* self) noexcept {
  auto& limit = *static_cast<ConnectionLimit*>(self);
  if (++limit.open_ >= limit.most_) {
    limit.look();
  }
  return nullptr;
}

void ConnectionLimit::look() {
  if (socket_ == nullptr) {
    return;
  }
  auto* listener = evhttp_bound_socket_get_listener(socket_);
  const auto found = count_connections(evhttp_bound_socket_get_fd(socket_));
  open_ = found.value_or(most_);
  if (open_ > most_ - most_ / 8) {
    evconnlistener_disable(listener);
    timer_->arm(kLookAgain);
  } else {
    evconnlistener_enable(listener);
  }
}

}  // namespace notify::worker
