#include "shared/redis/connection.hpp"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "shared/redis/reply_limits.hpp"

namespace notify::redis {
namespace {

// Parts of the queue that leave in one call.
constexpr std::size_t kParts = 64;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

void append_length(OutQueue& out, char type, std::size_t length) {
  char line[24] = {type};
  char* end = std::to_chars(line + 1, line + sizeof(line), length).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append({line, static_cast<std::size_t>(end - line)});
}

std::string system_text(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof(buffer));
}

}  // namespace

void Connection::FreeContext::operator()(redisContext* context) const { redisFree(context); }

std::shared_ptr<Connection> Connection::open(Host& host, const RedisUrl& url,
                                             ConnectionObserver& observer, std::string& why) {
  auto connection = std::make_shared<Connection>(Key{}, host, observer);
  connection->context_.reset(url.is_unix() ? redisConnectUnixNonBlock(url.unix_path.c_str())
                                           : redisConnectNonBlock(url.host.c_str(), url.port));
  redisContext* context = connection->context_.get();
  if (context == nullptr) {
    why = "out of memory";
    return nullptr;
  }
  if (context->err != 0) {
    why = context->errstr;
    return nullptr;
  }
  connection->limits_ = std::make_unique<ReplyLimits>(*context->reader);
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  if (!url.is_unix()) {
    redisEnableKeepAlive(context);  // without it, too, our deadlines find a dead peer
  }
  connection->watch_ = host.watch(context->fd, *connection);
  if (connection->watch_ == nullptr) {
    why = "no free connection";
    return nullptr;
  }
  connection->update_interest();
  return connection;
}

Connection::Connection(Key, Host& host, ConnectionObserver& observer)
    : host_(host), observer_(observer) {}

Connection::~Connection() { close(); }

void Connection::close() {
  watch_.reset();  // before the descriptor is gone
  context_.reset();
}

void Connection::append(std::span<const std::string_view> arguments, const OutQueue::Owner& owner) {
  if (context_ == nullptr) {
    return;
  }
  append_length(out_, '*', arguments.size());
  for (const std::string_view argument : arguments) {
    append_length(out_, '$', argument.size());
    out_.lend(argument, owner);
    out_.append("\r\n");
  }
  if (connected_ && !blocked_ && !flush_posted_) {
    flush_posted_ = true;
    host_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->flush_posted_ = false;
        self->flush();
      }
    });
  }
}

void Connection::on_readable() {
  const auto self = shared_from_this();
  if (redisBufferRead(context_.get()) == REDIS_ERR) {
    // What came before the end, the reason perhaps, is in no buffer: it was handed on already.
    fail(context_->errstr);
    return;
  }
  dispatch();
}

void Connection::on_writable() {
  const auto self = shared_from_this();
  if (!connected_ && !finish_connect()) {
    return;
  }
  flush();
}

// False when there is nothing to go on with: still connecting, failed, or closed by the observer.
bool Connection::finish_connect() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1) {
    error = errno;
  }
  if (error == EINPROGRESS) {
    return false;
  }
  if (error != 0) {
    fail(system_text(error));
    return false;
  }
  connected_ = true;
  observer_.on_open();
  if (context_ == nullptr) {
    return false;
  }
  update_interest();
  return true;
}

void Connection::dispatch() {
  while (context_ != nullptr) {
    void* raw = nullptr;
    const bool parsed = redisGetReplyFromReader(context_.get(), &raw) == REDIS_OK;
    if (!parsed || (raw == nullptr && !limits_->within())) {
      const std::string_view broken = limits_->broken();
      fail(broken.empty() ? std::string(context_->errstr)
                          : "it sent " + std::string(broken) + ", which is more than is taken");
      return;
    }
    if (raw == nullptr) {
      return;
    }
    limits_->next();
    const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(raw));
    observer_.on_reply(Reply{reply.get()});
  }
}

void Connection::flush() {
  if (context_ == nullptr || !connected_ || write_over_) {
    return;
  }
  std::array<iovec, kParts> parts;
  while (!out_.empty()) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = out_.first(parts);
    const ssize_t count = sendmsg(context_->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      out_.consume(static_cast<std::size_t>(count));
      written_ += static_cast<std::uint64_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      write_over_ =
          true;  // replies to what was written may wait in the socket: reading finds its end
      break;
    }
  }
  blocked_ = !out_.empty();
  update_interest();
}

void Connection::update_interest() {
  const bool read = connected_;
  const bool write = !connected_ || (blocked_ && !write_over_);
  if (read != want_read_ || write != want_write_) {
    want_read_ = read;
    want_write_ = write;
    watch_->want(read, write);
  }
}

void Connection::fail(std::string_view why) {
  const std::string text(why);  // it may live in the context
  close();
  observer_.on_closed(text);
}

}  // namespace notify::redis
