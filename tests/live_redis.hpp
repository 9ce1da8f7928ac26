#pragma once

// A real redis-server for one test: own folder, a free port on loopback and a Unix socket, nothing
// kept. It ends with the object, and with the process. `installed()` says whether there is one.

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/url.hpp"
#include "shared/redis/reply.hpp"
#include "shared/redis/schema.hpp"

namespace notify::test {

class LiveRedis {
 public:
  static const char* program() {
    const char* given = std::getenv("REDIS_SERVER");
    for (const char* path : {given, "/usr/bin/redis-server", "/usr/local/bin/redis-server",
                             "/usr/bin/valkey-server"}) {
      if (path != nullptr && access(path, X_OK) == 0) {
        return path;
      }
    }
    return nullptr;
  }
  static bool installed() { return program() != nullptr; }

  explicit LiveRedis(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    char name[] = "/tmp/notify-redis-XXXXXX";
    dir_ = mkdtemp(name);
    port_ = free_port();
    start();
  }
  ~LiveRedis() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  LiveRedis(const LiveRedis&) = delete;
  LiveRedis& operator=(const LiveRedis&) = delete;

  void start() {
    std::vector<std::string> arguments = {program(),     "--port",    std::to_string(port_),
                                          "--bind",      "127.0.0.1", "--unixsocket",
                                          socket_path(), "--dir",     dir_,
                                          "--save",      "",          "--appendonly",
                                          "no",          "--logfile", "",
                                          "--daemonize", "no"};
    arguments.insert(arguments.end(), settings_.begin(), settings_.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    int log[2];
    if (pipe2(log, O_CLOEXEC) != 0) {
      std::abort();
    }
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(log[1], STDOUT_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(log[1]);
    wait_ready(log[0]);
    context_.reset(redisConnectUnix(socket_path().c_str()));
    if (context_ == nullptr || context_->err != 0) {
      std::abort();
    }
  }
  void stop(int signal = SIGKILL) {
    context_.reset();
    if (pid_ > 0) {
      kill(pid_, signal);
      waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
  }
  void send_signal(int signal) const { kill(pid_, signal); }

  [[nodiscard]] std::string socket_path() const { return dir_ + "/redis.sock"; }
  [[nodiscard]] RedisUrl url(bool tcp = true) const {
    RedisUrl url;
    if (tcp) {
      url.host = "127.0.0.1";
      url.port = port_;
    } else {
      url.unix_path = socket_path();
    }
    return url;
  }

  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Answer = std::unique_ptr<redisReply, FreeReply>;

  // A command of the test's own, answered at once.
  Answer raw(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv;
    std::vector<std::size_t> lengths;
    for (const std::string& argument : arguments) {
      argv.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    return Answer(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(argv.size()), argv.data(), lengths.data())));
  }
  // A script, with no need that Redis knows it.
  Answer run(const redis::Script& script, const std::vector<std::string>& keys,
             const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {"EVAL", std::string(script.source),
                                        std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return raw(command);
  }
  // Flat text of the answer: "(1 2 nil text)" for arrays, "-ERR …" for errors.
  std::string ask(const std::vector<std::string>& arguments) { return show(raw(arguments)); }
  std::string ask(const redis::Script& script, const std::vector<std::string>& keys,
                  const std::vector<std::string>& arguments) {
    return show(run(script, keys, arguments));
  }
  static std::string show(const Answer& answer) { return show(redis::Reply(answer.get())); }
  static std::string show(const redis::Reply& reply) {
    if (reply.is_error()) {
      return "-" + std::string(reply.text());
    }
    if (reply.is_array()) {
      std::string text = "(";
      for (std::size_t i = 0; i < reply.size(); ++i) {
        text += (i == 0 ? "" : " ") + show(reply[i]);
      }
      return text + ")";
    }
    if (reply.is_nil()) {
      return "nil";
    }
    return reply.bulk() ? std::string(*reply.bulk()) : std::to_string(reply.integer().value_or(0));
  }

  [[nodiscard]] redisContext* context() const { return context_.get(); }

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  // Reads its log until it says that it takes connections. What it says from then on is for nobody,
  // and nobody is what it minds: it ignores SIGPIPE. If it ends before, so does the log.
  static void wait_ready(int log) {
    std::FILE* lines = fdopen(log, "r");
    char line[512];
    std::string text;
    while (text.find("eady to accept connections") == std::string::npos) {
      if (std::fgets(line, sizeof line, lines) == nullptr) {
        std::fprintf(stderr, "redis-server does not start:\n%s", text.c_str());
        std::abort();
      }
      text += line;
    }
    std::fclose(lines);
  }

  static std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      std::abort();
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    close(fd);
    return ntohs(address.sin_port);
  }

  std::vector<std::string> settings_;
  std::string dir_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
  std::unique_ptr<redisContext, FreeContext> context_;
};

}  // namespace notify::test

// As CHECK_MAIN; passes where there is no redis-server.
#define LIVE_REDIS_MAIN(name, ...)                 \
  int main() {                                     \
    if (!notify::test::LiveRedis::installed()) {   \
      std::puts("no redis-server: skipped");       \
      return 0;                                    \
    }                                              \
    return notify::test::run(name, {__VA_ARGS__}); \
  }
