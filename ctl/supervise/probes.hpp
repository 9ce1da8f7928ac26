#pragma once

// Does it answer? Each object says so once, by calling what it was given, and ends with itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "shared/base/backoff.hpp"
#include "shared/base/url.hpp"
#include "shared/process/loop.hpp"
#include "shared/redis/link.hpp"

struct evhttp_connection;
struct evhttp_request;

namespace notify::ctl {

// A link to Redis that keeps being tried until it is ready.
class RedisProbe final : private redis::LinkObserver {
 public:
  RedisProbe(process::Loop& loop, const RedisUrl& url, std::function<void()> answered);
  [[nodiscard]] const std::string& last_error() const { return link_.last_error(); }

 private:
  void on_link_ready() override { answered_(); }
  void on_link_lost(std::string_view) override {}

  std::function<void()> answered_;
  redis::Link link_;
};

// GET of a path until the answer is 200: at once when something has happened (look), else with
// growing pauses.
class HttpProbe {
 public:
  HttpProbe(process::Loop& loop, std::string address, std::uint16_t port, std::string path,
            std::function<void()> answered);
  ~HttpProbe();
  HttpProbe(const HttpProbe&) = delete;
  HttpProbe& operator=(const HttpProbe&) = delete;

  void look();

 private:
  static void on_answer(evhttp_request* request, void* self) noexcept;
  void answer(bool fine);

  process::Loop& loop_;
  std::string address_;
  std::uint16_t port_;
  std::string path_;
  std::function<void()> answered_;
  std::unique_ptr<redis::Timer> again_;
  evhttp_connection* connection_ = nullptr;
  unsigned attempts_ = 0;
  bool done_ = false;
};

// Calls `changed` when a file appears in a folder.
class FolderWatch final : private redis::WatchHandler {
 public:
  FolderWatch(process::Loop& loop, const std::string& folder, std::function<void()> changed);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  void on_readable() override;
  void on_writable() override {}

  int fd_;
  std::function<void()> changed_;
  std::unique_ptr<redis::Watch> watch_;
};

}  // namespace notify::ctl
