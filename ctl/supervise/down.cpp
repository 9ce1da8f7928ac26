// `notifyctl down` and `notifyctl status`: about what `notifyctl up` has started from a RUN_DIR.

#include <jansson.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/commands.hpp"
#include "ctl/supervise/folders.hpp"
#include "ctl/supervise/processes.hpp"
#include "ctl/supervise/run_settings.hpp"
#include "ctl/supervise/supervisor.hpp"

namespace notify::ctl {
namespace {

constexpr std::chrono::seconds kDownLimit{20};  // all limits of the supervisor's, and some

struct Found {
  std::optional<pid_t> supervisor;
  std::array<std::optional<pid_t>, kChildren.size()> children;
  bool ready = false;

  [[nodiscard]] std::optional<pid_t> of(Child child) const {
    return children[static_cast<unsigned>(child)];
  }
  [[nodiscard]] bool complete() const {
    return supervisor && of(Child::kNginx) && of(Child::kWorker);
  }
};

Found look_around(const std::string& run_dir) {
  Found found;
  found.supervisor = RunLock::holder(run_dir);
  for (const Child child : kChildren) {
    found.children[static_cast<unsigned>(child)] = pid_of(run_dir, name_of(child));
  }
  found.ready = found.complete() && ::access((run_dir + "/supervisor.ready").c_str(), F_OK) == 0;
  return found;
}

void print_line(std::string_view name, std::optional<pid_t> pid) {
  const std::string text(name);
  if (pid) {
    std::printf("%s runs (pid %d)\n", text.c_str(), static_cast<int>(*pid));
  } else {
    std::printf("%s does not run\n", text.c_str());
  }
}

void print_text(const Found& found) {
  print_line("supervisor", found.supervisor);
  print_line(name_of(Child::kNginx), found.of(Child::kNginx));
  print_line(name_of(Child::kWorker), found.of(Child::kWorker));
  if (const auto redis = found.of(Child::kRedis)) {
    print_line(name_of(Child::kRedis), redis);
  } else if (found.complete()) {
    std::puts("redis is not ours");
  }
  if (found.complete() && !found.ready) {
    std::puts("not ready yet");
  }
}

json_t* pid_json(std::optional<pid_t> pid) { return pid ? json_integer(*pid) : json_null(); }

// {"run_dir":…,"ready":…,"pids":{"supervisor":…,…}}: a pid is null where it does not run.
void print_json(const std::string& run_dir, const Found& found) {
  json_t* const pids = json_object();
  json_object_set_new(pids, "supervisor", pid_json(found.supervisor));
  for (const Child child : kChildren) {
    json_object_set_new(pids, std::string(name_of(child)).c_str(), pid_json(found.of(child)));
  }
  json_t* const all = json_object();
  json_object_set_new(all, "run_dir", json_stringn(run_dir.data(), run_dir.size()));
  json_object_set_new(all, "ready", json_boolean(found.ready));
  json_object_set_new(all, "pids", pids);
  const std::unique_ptr<char, void (*)(void*)> text(json_dumps(all, JSON_COMPACT), std::free);
  std::puts(text ? text.get() : "{}");
  json_decref(all);
}

}  // namespace

int down(const Settings& settings) {
  const std::string run_dir = absolute_path(settings.run_dir);
  const auto pid = RunLock::holder(run_dir);
  if (!pid) {
    end_leftovers(run_dir);
    std::printf("nothing runs from %s\n", run_dir.c_str());
    return kExitDone;
  }
  const ProcessHandle supervisor(*pid);
  // With the handle it cannot become another process any more; is it still the one?
  if (RunLock::holder(run_dir) == pid) {
    supervisor.signal(SIGTERM);
    if (!supervisor.ended_within(kDownLimit)) {
      supervisor.signal(SIGKILL);
      (void)supervisor.ended_within(std::chrono::seconds{2});
      end_leftovers(run_dir);
      remove_socket_folder(run_dir);
    }
  }
  std::printf("stopped what ran from %s\n", run_dir.c_str());
  return kExitDone;
}

int status(const Settings& settings, const StatusOptions& options) {
  const std::string run_dir = absolute_path(settings.run_dir);
  const Found found = look_around(run_dir);
  if (options.json) {
    print_json(run_dir, found);
  } else {
    print_text(found);
  }
  return found.ready ? kExitDone : kExitNotRunning;
}

}  // namespace notify::ctl
