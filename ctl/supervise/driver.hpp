#pragma once

// Joins the machine of supervisor.hpp to processes, signals, timers and files.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/supervise/folders.hpp"
#include "ctl/supervise/probes.hpp"
#include "ctl/supervise/run_settings.hpp"
#include "ctl/supervise/supervisor.hpp"
#include "shared/process/loop.hpp"
#include "shared/process/run_file.hpp"

namespace notify::ctl {

class Driver {
 public:
  struct Options {
    bool own_redis = true;
    bool background = false;      // what the children print goes to RUN_DIR/NAME.log
    std::function<void()> ready;  // called once all answer
  };
  Driver(const RunSettings& settings, const Folders& folders, Options options);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // To the end of all. False: it could not be started.
  bool run();

 private:
  struct Running {
    pid_t pid = 0;      // 0: none
    pid_t session = 0;  // that it led, or one before it
  };

  Running& running(Child child) { return running_[static_cast<unsigned>(child)]; }
  void act(const Actions& actions);
  void act_on(const Action& action);
  void start(Child child);
  void migrate();
  void signal(Child child, int number);
  void tell_ready();
  void reap();
  void look();
  void probe_redis();
  void watch_make();
  [[nodiscard]] std::vector<std::string> arguments_of(Child child) const;
  [[nodiscard]] std::string in_run_dir(std::string_view file) const;

  // Lets a part go at the end of the turn: it may be on the stack.
  template <class Part>
  void retire(std::unique_ptr<Part>& part) {
    loop_.post([kept = std::shared_ptr<Part>(std::move(part))] {});
  }

  const RunSettings& settings_;
  const Folders& folders_;
  Options options_;
  bool over_ = false;  // what the loop still has to do finds nothing any more
  process::Loop loop_;
  Supervisor machine_;
  std::array<Running, kChildren.size()> running_;
  pid_t migration_ = 0;  // 0: none runs
  int migration_output_ = -1;
  pid_t make_ = 0;  // whose end ends this; 0: nobody's
  std::unique_ptr<redis::Timer> due_;
  std::unique_ptr<redis::Timer> make_timer_;
  std::unique_ptr<RedisProbe> redis_probe_;
  std::unique_ptr<HttpProbe> nginx_probe_;
  std::unique_ptr<FolderWatch> folder_watch_;
  process::RunFile pid_file_;
  process::RunFile ready_file_;
};

}  // namespace notify::ctl
