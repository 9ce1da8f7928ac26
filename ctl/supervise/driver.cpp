#include "ctl/supervise/driver.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "ctl/open_files.hpp"
#include "ctl/supervise/launch.hpp"
#include "ctl/supervise/processes.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

constexpr std::string_view kHealth = "/api/v1/notify/health/ready";
constexpr std::chrono::milliseconds kMakeTick{200};

void say(std::FILE* where, const std::string& text) {
  std::fprintf(where, "%s\n", text.c_str());
  std::fflush(where);
}

// Where nginx can be asked from here.
std::string own_address(const RunSettings& settings) {
  std::string address = settings.listen_addresses[0];
  if (address.starts_with('[')) {
    address = address.substr(1, address.size() - 2);
  }
  if (address == "0.0.0.0") {
    return "127.0.0.1";
  }
  return address == "::" ? "::1" : address;
}

// The same as a browser wants it: localhost, where that is one of the addresses.
std::string shown_address(const RunSettings& settings) {
  const std::string address = own_address(settings);
  if (address == "127.0.0.1" || address == "::1") {
    return "localhost";
  }
  return address.find(':') != std::string::npos ? "[" + address + "]" : address;
}

std::string ready_line(const RunSettings& settings) {
  const std::string address = shown_address(settings);
  std::string urls;
  for (const std::string& port : settings.ports) {
    urls += " http://" + address + ":" + port;
  }
  for (const std::string& port : settings.tls_ports) {
    urls += " https://" + address + ":" + port;
  }
  return "ready:" + urls + " (Redis at " + settings.redis.display() + ", state in " +
         settings.run_dir + ")";
}

// make forwards SIGTERM but not SIGINT: it only stops handling that signal and waits for us. So the
// end of make's handler, or of make itself, means stop. No event tells of it: /proc does.
bool handles_interrupts(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/status");
  for (const std::string& line : text ? split_list(*text, "\n") : Words()) {
    const Words parts = split_list(line, " \t");
    if (parts.size() > 1 && parts[0] == "State:" && parts[1] == "Z") {
      return false;
    }
    if (parts.size() > 1 && parts[0] == "SigCgt:") {
      return (std::strtoull(parts[1].c_str(), nullptr, 16) & (1ULL << (SIGINT - 1))) != 0;
    }
  }
  return false;
}

// The make that has started this process in the foreground; 0: another program has.
pid_t calling_make() {
  const pid_t parent = ::getppid();
  const auto name = read_file("/proc/" + std::to_string(parent) + "/comm");
  return name && trim(*name) == "make" && handles_interrupts(parent) ? parent : 0;
}

Supervisor::Options machine_options(const RunSettings& settings, bool own_redis) {
  return {.own_redis = own_redis,
          .answering = {"Redis at " + settings.redis.display(),
                        "nginx at http://" + shown_address(settings) + ":" + settings.ports[0] +
                            std::string(kHealth),
                        "notify-worker (see " + settings.run_dir + ")"}};
}

}  // namespace

Driver::Driver(const RunSettings& settings, const Folders& folders, Options options)
    : settings_(settings),
      folders_(folders),
      options_(std::move(options)),
      loop_([](redis::LogLevel, std::string_view) {}),
      machine_(machine_options(settings, options_.own_redis)),
      due_(loop_.timer(redis::TimerKind::kHolding,
                       [this] { act(machine_.on_time(loop_.now_ms())); })),
      make_timer_(loop_.timer(redis::TimerKind::kHolding, [this] { watch_make(); })) {}

Driver::~Driver() { over_ = true; }

std::string Driver::in_run_dir(std::string_view file) const {
  return settings_.run_dir + "/" + std::string(file);
}

bool Driver::run() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    loop_.on_signal(number, [this] { act(machine_.on_stop(loop_.now_ms())); });
  }
  loop_.on_signal(SIGCHLD, [this] { reap(); });
  if (const auto written =
          pid_file_.write(in_run_dir("supervisor.pid"), std::to_string(::getpid()) + "\n");
      !written) {
    say(stderr, "RUN_DIR: " + written.error().message);
    return false;
  }
  if (!options_.background && (make_ = calling_make()) != 0) {
    make_timer_->arm(kMakeTick);
  }
  folder_watch_ = std::make_unique<FolderWatch>(loop_, settings_.run_dir, [this] { look(); });
  act(machine_.begin(loop_.now_ms()));
  loop_.run();
  for (const Child child : kChildren) {
    ::unlink(in_run_dir(std::string(name_of(child)) + ".pid").c_str());
  }
  return !machine_.failed();
}

void Driver::act(const Actions& actions) {
  for (const Action& action : actions) {
    act_on(action);
  }
  if (machine_.phase() == Phase::kOver) {
    if (migration_ != 0) {
      ::kill(migration_, SIGKILL);  // not waited for yet: the id is still this child's
    }
    loop_.stop();
    return;
  }
  if (const auto due = machine_.due()) {
    const std::uint64_t now = loop_.now_ms();
    due_->arm(redis::Milliseconds(*due > now ? *due - now : 0));
  } else {
    due_->disarm();
  }
}

void Driver::act_on(const Action& action) {
  using What = Action::What;
  switch (action.what) {
    case What::kStart:
      start(action.child);
      break;
    case What::kQuit:
      signal(action.child, SIGQUIT);
      break;
    case What::kTerminate:
      signal(action.child, SIGTERM);
      break;
    case What::kKill:
      signal(action.child, SIGKILL);
      break;
    case What::kSweep:
    case What::kSweepHard:
      if (const pid_t leader = running(Child::kNginx).session; leader != 0) {
        signal_session(leader, action.what == What::kSweep ? SIGTERM : SIGKILL);
      }
      break;
    case What::kMigrate:
      migrate();
      break;
    case What::kSay:
      say(stdout, action.text);
      break;
    case What::kComplain:
      say(stderr, action.text);
      break;
    case What::kTellReady:
      tell_ready();
      break;
    case What::kTellUnready:
      ready_file_.remove();
      break;
  }
}

std::vector<std::string> Driver::arguments_of(Child child) const {
  const std::string& run_dir = settings_.run_dir;
  switch (child) {
    case Child::kRedis:
      return {is_installed("redis-server") ? "redis-server" : "valkey-server",
              run_dir + "/redis.conf"};
    case Child::kNginx:
      return {"nginx",
              "-p",
              run_dir,
              "-c",
              run_dir + "/nginx.conf",
              "-e",
              run_dir + "/error.log",
              "-g",
              "daemon off;"};
    case Child::kWorker:
      break;
  }
  return {settings_.build + "/notify-worker",
          "--run-dir",
          run_dir,
          "--pid-file",
          in_run_dir("notify-worker.pid"),
          "--ready-file",
          in_run_dir("notify-worker.ready")};
}

void Driver::start(Child child) {
  const std::string name(name_of(child));
  if (child == Child::kWorker) {
    ::unlink(in_run_dir("notify-worker.ready").c_str());
  }
  const int log = options_.background
                      ? ::open(in_run_dir(name + ".log").c_str(),
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640)
                      : -1;
  const auto pid = launch({.arguments = arguments_of(child),
                           .environment = settings_.environment.entries(),
                           .output = log});
  if (log >= 0) {
    ::close(log);
  }
  if (!pid) {
    say(stderr, pid.error().message);
    loop_.post([this, child] {
      if (!over_) {
        act(machine_.on_ended(child, 127, loop_.now_ms()));
      }
    });
    return;
  }
  running(child) = {*pid, *pid};
  if (child == Child::kRedis) {
    probe_redis();
  } else if (child == Child::kNginx && !nginx_probe_) {
    nginx_probe_ = std::make_unique<HttpProbe>(
        loop_, own_address(settings_),
        static_cast<std::uint16_t>(parse_u64(settings_.ports[0]).value_or(0)), std::string(kHealth),
        [this] { act(machine_.on_ready(Child::kNginx, loop_.now_ms())); });
  }
}

// Each time that it starts, since its socket is a new one, too.
void Driver::probe_redis() {
  redis_probe_ = std::make_unique<RedisProbe>(loop_, settings_.redis, [this] {
    retire(redis_probe_);
    if (settings_.redis.is_unix()) {
      if (const auto shared = folders_.share(settings_.redis.unix_path); !shared) {
        say(stderr, "REDIS_URL: " + shared.error().message);
      }
    }
    act(machine_.on_ready(Child::kRedis, loop_.now_ms()));
  });
}

// In a process of its own: a database that does not answer must not keep this one from anything.
void Driver::migrate() {
  migration_output_ = make_scratch();
  const auto pid = launch({.arguments = {settings_.build + "/notifyctl", "migrate"},
                           .environment = settings_.environment.entries(),
                           .output = migration_output_});
  migration_ = pid ? *pid : 0;
  if (!pid) {
    const std::string why = pid.error().message;
    loop_.post([this, why] {
      if (!over_) {
        act(machine_.on_migrated(why, loop_.now_ms()));
      }
    });
  }
}

void Driver::signal(Child child, int number) {
  // Not waited for yet: the id is still this child's.
  if (running(child).pid != 0) {
    ::kill(running(child).pid, number);
  }
}

void Driver::tell_ready() {
  Settings found;
  found.run_dir = settings_.run_dir;
  if (const auto open = read_openness(found, in_run_dir("nginx.conf"))) {
    say(stdout, open_line(*open));
  }
  say(stdout, ready_line(settings_));
  if (const auto written = ready_file_.write(in_run_dir("supervisor.ready"), ""); !written) {
    say(stderr, "RUN_DIR: " + written.error().message);
  }
  retire(nginx_probe_);
  retire(folder_watch_);
  if (options_.ready) {
    options_.ready();
  }
}

void Driver::reap() {
  for (const Child child : kChildren) {
    int status = 0;
    if (running(child).pid != 0 && ::waitpid(running(child).pid, &status, WNOHANG) > 0) {
      running(child).pid = 0;
      act(machine_.on_ended(child, shell_status(status), loop_.now_ms()));
    }
  }
  int status = 0;
  if (migration_ != 0 && ::waitpid(migration_, &status, WNOHANG) > 0) {
    migration_ = 0;
    const std::string output = read_scratch(std::exchange(migration_output_, -1));
    const std::string problem = output.empty() ? "notifyctl migrate failed" : output;
    act(machine_.on_migrated(shell_status(status) == 0 ? "" : problem, loop_.now_ms()));
  }
}

// A file has appeared in RUN_DIR: a pid file when its program listens, or that the worker is ready.
void Driver::look() {
  if (nginx_probe_) {
    nginx_probe_->look();
  }
  if (::access(in_run_dir("notify-worker.ready").c_str(), F_OK) == 0) {
    act(machine_.on_ready(Child::kWorker, loop_.now_ms()));
  }
}

void Driver::watch_make() {
  if (handles_interrupts(make_)) {
    make_timer_->arm(kMakeTick);
  } else {
    act(machine_.on_stop(loop_.now_ms()));
  }
}

}  // namespace notify::ctl
