#pragma once

// Whom nginx's workers run as, and the folders that they share with us. Nothing here is for others
// on the machine. A folder that we make is 0750; one that was there before is never opened further:
// where nginx's workers cannot reach it, that is an error with the command that mends it.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "ctl/supervise/run_settings.hpp"
#include "shared/base/result.hpp"

namespace notify::ctl {

class Folders {
 public:
  // As root nginx's workers run as NGINX_USER; else all runs as you.
  static Result<Folders> of(const RunSettings& settings);

  // "user group" for nginx's `user`, and the group alone; empty: all runs as you.
  [[nodiscard]] std::string nginx_user() const { return user_.empty() ? "" : user_ + " " + group_; }
  [[nodiscard]] const std::string& nginx_group() const { return group_; }

  // RUN_DIR: made, closed, and reached by nginx's workers. Where it is ./run, nobody chose it: as
  // root, in a clone that they cannot enter (a home, a folder of `mktemp -d`), its content then
  // stands in /var/lib, ./run is a link to it, and RUN_DIR changes.
  Result<void> make_run_dir(RunSettings& settings) const;

  // The folder of the API keys: for us, and for nginx's workers to read.
  Result<void> make_key_store(const RunSettings& settings) const;

  // A socket's path has 107 bytes at most. Where RUN_DIR is too long for one, the socket stands in
  // a folder of its own that nobody can foresee, named in RUN_DIR and removed at the end.
  Result<void> make_socket_folder(RunSettings& settings) const;

  // nginx's workers may enter this folder, read this file and write to this socket; others may not.
  Result<void> share(const std::string& path) const;

  Result<void> make_shared(std::string_view setting, const std::string& path) const;

 private:
  Folders() = default;
  // The first folder on the way to `path` that nginx's workers cannot enter; `path` itself where
  // they cannot read it. Empty where they can.
  [[nodiscard]] std::string first_barrier(const std::string& path) const;
  Result<void> check_reach(std::string_view setting, const std::string& path) const;
  Result<void> place_run_dir(RunSettings& settings) const;

  std::string user_;
  std::string group_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
};

// What make_socket_folder() has made for a RUN_DIR.
void remove_socket_folder(const std::string& run_dir);

}  // namespace notify::ctl
