#include "ctl/supervise/folders.hpp"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "ctl/entry_text.hpp"
#include "ctl/supervise/files.hpp"
#include "ctl/supervise/setting_table.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

constexpr std::size_t kMostSocketPath = 107;  // sockaddr_un, without its final zero

std::string parent_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

bool is_folder(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

// Its parents too, with the rights that folders usually have.
bool make_parents(const std::string& path) {
  const mode_t mask = ::umask(022);
  std::error_code error;
  std::filesystem::create_directories(path, error);
  ::umask(mask);
  return is_folder(path);
}

// All folders and files on the way to it, from the root.
Words steps_to(const std::string& path) {
  Words steps;
  std::string step;
  for (const std::string& part : split_list(path, "/")) {
    step += "/" + part;
    steps.push_back(step);
  }
  return steps;
}

// "mode 700, root:root"
std::string describe(const std::string& path) {
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  const passwd* const user = ::getpwuid(facts.st_uid);
  const group* const owners = ::getgrgid(facts.st_gid);
  char mode[8];
  std::snprintf(mode, sizeof mode, "%o", facts.st_mode & 07777U);
  return std::string("mode ") + mode + ", " +
         (user != nullptr ? user->pw_name : std::to_string(facts.st_uid)) + ":" +
         (owners != nullptr ? owners->gr_name : std::to_string(facts.st_gid));
}

// Logs of an older version, which others could read.
void close_logs(const std::string& run_dir) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(run_dir.c_str()), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string path = run_dir + "/" + entry->d_name;
    struct stat facts {};
    if (path.ends_with(".log") && ::lstat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) {
      ::chmod(path.c_str(), facts.st_mode & 07740U);
    }
  }
}

}  // namespace

Result<Folders> Folders::of(const RunSettings& settings) {
  Folders folders;
  if (::getuid() != 0) {
    return folders;
  }
  const std::string name = settings.get("NGINX_USER");
  const passwd* const user = ::getpwnam(name.c_str());
  if (user == nullptr) {
    return invalid("NGINX_USER: there is no user \"" + name +
                   "\" on this machine for nginx's workers to run as");
  }
  if (user->pw_uid == 0) {
    return invalid("NGINX_USER: nginx's workers do not run as " + name +
                   "; name a user without rights");
  }
  folders.user_ = name;
  folders.uid_ = user->pw_uid;
  folders.gid_ = user->pw_gid;
  const group* const owners = ::getgrgid(folders.gid_);
  folders.group_ = owners != nullptr ? owners->gr_name : std::to_string(folders.gid_);
  return folders;
}

Result<void> Folders::share(const std::string& path) const {
  struct stat facts {};
  mode_t mode = 0;
  bool done = ::stat(path.c_str(), &facts) == 0;
  if (done) {
    done = group_.empty() || ::chown(path.c_str(), static_cast<uid_t>(-1), gid_) == 0;
    mode = facts.st_mode & 07777U;
    const bool enters = S_ISDIR(facts.st_mode) || (mode & 0111U) != 0;
    mode = S_ISSOCK(facts.st_mode) ? 0660U : (mode & 07700U) | 0040U | (enters ? 0010U : 0U);
  }
  if (!done || ::chmod(path.c_str(), mode) != 0) {
    return invalid("cannot close " + path + " to others: " + std::strerror(errno));
  }
  return {};
}

Result<void> Folders::make_shared(std::string_view setting, const std::string& path) const {
  if (is_folder(path)) {
    return {};
  }
  if (!make_parents(parent_of(path)) || ::mkdir(path.c_str(), 0750) != 0 || !share(path)) {
    return invalid(std::string(setting) + ": cannot make the folder " + path);
  }
  return {};
}

std::string Folders::first_barrier(const std::string& path) const {
  const Words steps = steps_to(path);
  const auto blocked = [&steps]() -> std::size_t {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const char* const step = steps[i].c_str();
      if (::access(step, F_OK) == 0 && ::access(step, is_folder(steps[i]) ? X_OK : R_OK) != 0) {
        return i + 1;
      }
    }
    return 0;
  };
  // With the rights of nginx's workers, in a process of its own. Paths have less than 255 steps.
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool theirs =
        ::initgroups(user_.c_str(), gid_) == 0 && ::setgid(gid_) == 0 && ::setuid(uid_) == 0;
    ::_exit(theirs ? static_cast<int>(std::min<std::size_t>(blocked(), 254)) : 255);
  }
  int status = 0;
  while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const auto step = static_cast<std::size_t>(WEXITSTATUS(status));
  return pid > 0 && step > 0 && step <= steps.size() ? steps[step - 1] : "";
}

Result<void> Folders::check_reach(std::string_view setting, const std::string& path) const {
  // Without a user of its own nginx is you, and says itself what you cannot reach.
  const std::string barrier = user_.empty() ? "" : first_barrier(path);
  if (barrier.empty()) {
    return {};
  }
  const std::string word = shell_word(barrier);
  std::string remedy = "`chgrp " + group_ + " " + word + " && chmod " +
                       (is_folder(barrier) ? "750 " : "640 ") + word + "`";
  if (barrier != path) {
    remedy =
        "`chmod o+x " + word + "`, or set " + std::string(setting) + " to a place outside of it";
  }
  return invalid(std::string(setting) + ": nginx's workers run as " + user_ +
                 ", who cannot reach " + barrier + " (" + describe(barrier) + "): " + remedy);
}

Result<void> Folders::place_run_dir(RunSettings& settings) const {
  const std::string path = settings.run_dir;
  if (settings.run_dir_is_chosen || user_.empty() || ::access(path.c_str(), F_OK) == 0 ||
      first_barrier(parent_of(path)).empty()) {
    return {};
  }
  const std::string base = "/var/lib/notify-run";
  const std::string place = base + "/" + hex(sha256(path)).substr(0, 16);
  if (!make_parents(base) || ::chmod(base.c_str(), 0755) != 0) {
    return invalid("RUN_DIR: cannot make " + base);
  }
  if (const auto made = make_shared("RUN_DIR", place); !made) {
    return made;
  }
  ::unlink(path.c_str());  // a link that leads nowhere
  if (::symlink(place.c_str(), path.c_str()) != 0) {
    return invalid("RUN_DIR: cannot make the link " + path);
  }
  std::fprintf(stderr, "nginx's workers, who run as %s, cannot enter %s: ./run is a link to %s\n",
               user_.c_str(), parent_of(path).c_str(), place.c_str());
  settings.run_dir = place;
  return {};
}

Result<void> Folders::make_run_dir(RunSettings& settings) const {
  if (const auto placed = place_run_dir(settings); !placed) {
    return placed;
  }
  set_places(settings);
  const std::string& path = settings.run_dir;
  if (const auto made = make_shared("RUN_DIR", path); !made) {
    return made;
  }
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  const mode_t mode = facts.st_mode & 07777U;
  if ((mode & 0002U) != 0) {
    return invalid("RUN_DIR: every user of this machine can write into " + path +
                   "; set RUN_DIR to a folder of its own, or `chmod o-w " + shell_word(path) + "`");
  }
  if ((mode & 0027U) != 0 && mode != 0750) {
    if (const auto closed = share(path); !closed) {
      return invalid("RUN_DIR: " + closed.error().message);
    }
  }
  close_logs(path);
  return check_reach("RUN_DIR", path);
}

Result<void> Folders::make_key_store(const RunSettings& settings) const {
  const std::string path = settings.get("AUTH_STORE_DIR");
  if (const auto made = make_shared("AUTH_STORE_DIR", path); !made) {
    return made;
  }
  if (const auto reached = check_reach("AUTH_STORE_DIR", path); !reached) {
    return reached;
  }
  return check_reach("AUTH_STORE_DIR", path + "/auth.json");
}

Result<void> Folders::make_socket_folder(RunSettings& settings) const {
  constexpr std::string_view kName = "NOTIFY_CATALOG_SOCKET";
  remove_socket_folder(settings.run_dir);
  std::string socket = settings.get(kName);
  if (socket.empty()) {
    socket = default_of(*find_row(kName), settings.run_dir);
  }
  if (socket.size() > kMostSocketPath) {
    const std::string mine = settings.get("XDG_RUNTIME_DIR");
    const std::string base = !user_.empty() ? "/run" : mine.empty() ? "/tmp" : mine;
    std::string folder = base + "/notify.XXXXXXXXXX";
    if (::mkdtemp(folder.data()) == nullptr || !share(folder) ||
        !write_file(settings.run_dir + "/socket-folder", folder + "\n")) {
      return invalid(std::string(kName) + ": cannot make a folder in " + base + " for it");
    }
    socket = folder + "/catalog.sock";
  }
  settings.environment.set(kName, socket);
  return {};
}

void remove_socket_folder(const std::string& run_dir) {
  const std::string note = run_dir + "/socket-folder";
  const auto text = read_file(note);
  if (!text) {
    return;
  }
  const std::string folder(trim(*text));
  for (const char* name : {"/catalog.sock", "/catalog.sock.lock"}) {
    ::unlink((folder + name).c_str());
  }
  ::unlink(note.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace notify::ctl
