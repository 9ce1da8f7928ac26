#pragma once

// What the tests of a link share: the link, its observer, a made-up server, outcomes of commands.

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/redis/link.hpp"
#include "tests/redis_fakes.hpp"

namespace notify::test {

using redis::Completion;
using redis::Link;
using redis::LinkObserver;
using redis::LinkOptions;
using redis::Pending;
using redis::Reply;

struct Watcher final : LinkObserver {
  void on_link_ready() override {
    events += "+";
    if (ready) {
      ready();
    }
  }
  void on_link_lost(std::string_view why) override {
    events += "-";
    lost_why = why;
    if (lost) {
      lost();
    }
  }
  void on_link_message(std::string_view channel, std::string_view payload) override {
    messages.push_back(std::string(channel) + "=" + std::string(payload));
    if (message) {
      message();
    }
  }
  void on_link_subscribed(std::string_view channel) override { subscribed.emplace_back(channel); }

  std::string events;
  std::string lost_why;
  std::vector<std::string> messages;
  std::vector<std::string> subscribed;
  std::function<void()> ready, lost, message;
};

struct Outcome {
  int calls = 0;
  std::string text;  // of the reply, or of the error
  std::optional<ErrorKind> error;

  Completion completion() {
    return [this](Result<Reply> result) {
      ++calls;
      if (result.ok()) {
        text = result->text();
      } else {
        error = result.error().kind;
        text = result.error().message;
      }
    };
  }
  [[nodiscard]] bool is(ErrorKind kind) const { return calls == 1 && error == kind; }
  [[nodiscard]] bool is(std::string_view reply) const {
    return calls == 1 && !error && text == reply;
  }
};

struct Fixture {
  explicit Fixture(LinkOptions wanted = {}) : server(host) {
    options = std::move(wanted);
    const RedisUrl login = options.url;
    options.url = server.url();
    options.url.user = login.user;
    options.url.password = login.password;
    options.url.db = login.db;
    link.emplace(host, options, watcher);
  }
  bool get_ready() {
    link->start();
    return host.run_until([&] { return link->ready(); });
  }
  Pending send(std::initializer_list<std::string_view> arguments, Outcome& outcome,
               Milliseconds timeout = Milliseconds{0}) {
    return link->send({arguments.begin(), arguments.size()}, outcome.completion(), timeout);
  }

  PollHost host;
  FakeServer server;
  Watcher watcher;
  LinkOptions options;
  std::optional<Link> link;
};

inline std::string echo(const FakeServer::Arguments& command) {
  if (const auto greeting = FakeServer::greeting(command)) {
    return *greeting;
  }
  const std::string& last = command.back();
  return "$" + std::to_string(last.size()) + "\r\n" + last + "\r\n";
}

inline std::string joined(const FakeServer::Arguments& command) {
  std::string text;
  for (const auto& part : command) {
    text += (text.empty() ? "" : " ") + part;
  }
  return text;
}

}  // namespace notify::test
