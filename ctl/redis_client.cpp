#include "ctl/redis_client.hpp"

#include <hiredis/hiredis.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace notify::ctl {
namespace {

timeval to_timeval(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000),
          static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

struct Explanation {
  std::string_view code;
  std::string_view text;
  ErrorKind kind;
};

// In the order of what an operator meets.
constexpr Explanation kExplanations[] = {
    {"NOAUTH",
     "it wants a password: REDIS_PASSWORD, or redis://:PASSWORD@HOST (percent-encoded) in "
     "REDIS_URL",
     ErrorKind::kUnauthorized},
    {"WRONGPASS", "it refused the user or the password of REDIS_URL", ErrorKind::kUnauthorized},
    {"NOPERM", "the user of REDIS_URL may not do this", ErrorKind::kForbidden},
    {"LOADING", "it is still loading its data; try again shortly", ErrorKind::kUnavailable},
    {"OOM", "its memory is full (maxmemory)", ErrorKind::kUnavailable},
    {"MISCONF", "it takes no writes, since it cannot save to its disk", ErrorKind::kUnavailable},
    {"READONLY", "it is a replica and takes no writes", ErrorKind::kUnavailable},
    {"WRONGTYPE", "the key is there, but it is no stream", ErrorKind::kConflict},
};

// At one of the addresses that the name has. hiredis would try those of IPv6 only where there are
// none of IPv4. The last failure is the one that is told.
redisContext* connect_to_any(const RedisUrl& url, const timeval& limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(url.host.c_str(), nullptr, &hints, &found) != 0) {
    return redisConnectWithTimeout(url.host.c_str(), url.port, limit);  // says why
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  redisContext* context = nullptr;
  for (const addrinfo* item = found; item != nullptr; item = item->ai_next) {
    std::array<char, 64> text{};
    if (::getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    if (context != nullptr) {
      redisFree(context);
    }
    context = redisConnectWithTimeout(text.data(), url.port, limit);
    if (context == nullptr || context->err == 0) {
      break;
    }
  }
  return context;
}

}  // namespace

void OwnedReply::Free::operator()(redisReply* raw) const { freeReplyObject(raw); }

void RedisClient::Free::operator()(redisContext* context) const { redisFree(context); }

Error redis_error(const std::string& server, std::string_view text) {
  const std::string_view code = text.substr(0, text.find(' '));
  for (const Explanation& known : kExplanations) {
    if (code == known.code) {
      return {known.kind, "Redis at " + server + ": " + std::string(known.text) + " (" +
                              std::string(text) + ")"};
    }
  }
  return {ErrorKind::kConflict, "Redis at " + server + ": " + std::string(text)};
}

RedisClient::RedisClient(redisContext* context, const RedisUrl& url)
    : limits_(context == nullptr ? nullptr
                                 : std::make_unique<redis::ReplyLimits>(*context->reader)),
      context_(context),
      server_(url.display()),
      database_(url.db) {}

RedisClient::~RedisClient() = default;
RedisClient::RedisClient(RedisClient&&) noexcept = default;
RedisClient& RedisClient::operator=(RedisClient&&) noexcept = default;

Result<RedisClient> RedisClient::connect(const RedisUrl& url,
                                         std::chrono::milliseconds connect_timeout,
                                         std::chrono::milliseconds command_timeout) {
  const timeval limit = to_timeval(connect_timeout);
  RedisClient client(url.is_unix() ? redisConnectUnixWithTimeout(url.unix_path.c_str(), limit)
                                   : connect_to_any(url, limit),
                     url);
  if (!client.context_ || client.context_->err != 0) {
    const std::string reason = client.reason();
    const bool nobody = reason == std::strerror(ECONNREFUSED) || reason == std::strerror(ENOENT);
    return Error{nobody ? ErrorKind::kNotFound : ErrorKind::kUnavailable,
                 "cannot reach Redis at " + client.server_ + ": " + reason};
  }
  redisSetTimeout(client.context_.get(), to_timeval(command_timeout));
  if (const auto ready = client.set_up(url); !ready) {
    return ready.error();
  }
  return client;
}

Result<void> RedisClient::set_up(const RedisUrl& url) {
  if (!url.password.empty() || !url.user.empty()) {
    const auto reply =
        url.user.empty() ? call({"AUTH", url.password}) : call({"AUTH", url.user, url.password});
    if (!reply) {
      return reply.error();
    }
  }
  if (url.db != 0) {
    if (const auto reply = call({"SELECT", std::to_string(url.db)}); !reply) {
      return reply.error();
    }
  }
  // Brings to light a missing password, and a server that is loading.
  if (const auto reply = call({"PING"}); !reply) {
    return reply.error();
  }
  return {};
}

std::string RedisClient::reason() const {
  if (!context_) {
    return "out of memory";
  }
  if (context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EINPROGRESS)) {
    return "no answer in time";
  }
  if (!limits_->broken().empty()) {
    return "it sent " + std::string(limits_->broken()) + ", which is more than is taken";
  }
  return context_->errstr;
}

Result<OwnedReply> RedisClient::ask(Arguments arguments) {
  if (const auto sent = send(arguments); !sent) {
    return sent.error();
  }
  return receive();
}

Result<void> RedisClient::send(Arguments arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string_view argument : arguments) {
    texts.push_back(argument.data() != nullptr ? argument.data() : "");
    lengths.push_back(argument.size());
  }
  errno = 0;
  int done = redisAppendCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(),
                                    lengths.data()) == REDIS_OK
                 ? 0
                 : -1;
  while (done == 0) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
      done = -1;
    }
  }
  if (done < 0) {
    return Error{ErrorKind::kUnknownOutcome,
                 "lost Redis at " + server_ + " while sending to it: " + reason()};
  }
  return {};
}

Result<OwnedReply> RedisClient::receive() {
  void* raw = nullptr;
  errno = 0;
  // As redisGetReply() does it, with a look at what came between two reads.
  while (raw == nullptr) {
    if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK ||
        (raw == nullptr && (!limits_->within() || redisBufferRead(context_.get()) != REDIS_OK))) {
      break;
    }
  }
  limits_->next();
  if (raw == nullptr) {
    return Error{ErrorKind::kUnknownOutcome,
                 "lost Redis at " + server_ + " before it answered: " + reason()};
  }
  return OwnedReply(static_cast<redisReply*>(raw));
}

Result<OwnedReply> RedisClient::call(Arguments arguments) {
  auto reply = ask(arguments);
  if (reply && reply->view().is_error()) {
    return redis_error(server_, reply->view().text());
  }
  return reply;
}

Result<OwnedReply> RedisClient::run(const redis::Script& script, Arguments keys,
                                    Arguments arguments) {
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words = {"EVALSHA", script.sha1, count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto reply = ask(words);
  if (reply && reply->view().error_code() == "NOSCRIPT") {
    words[0] = "EVAL";
    words[1] = script.source;
    return call(words);
  }
  if (reply && reply->view().is_error()) {
    return redis_error(server_, reply->view().text());
  }
  return reply;
}

int RedisClient::descriptor() const { return context_->fd; }

}  // namespace notify::ctl
