#pragma once

// What notifyctl can do: one struct of options and one function a command. main.cpp fills the
// structs from the command line; the functions print to stdout, complain on stderr, and return the
// exit status. Only main.cpp knows CLI11.
//
// Exit status: 0 done; 1 it could not be done (doctor: warnings); 2 wrong usage (doctor: failures);
// 3 not all runs (status).

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/settings.hpp"

namespace notify::ctl {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotRunning = 3;  // status

struct PublishOptions {
  std::string stream;
  std::vector<std::string> fields;  // FIELD=VALUE
  std::uint64_t retain = 0;         // 0: nothing is trimmed
  std::string idempotency_key;      // empty: none
};
int publish(const Settings& settings, const PublishOptions& options);

struct TailOptions {
  std::string stream;
  std::string from;  // empty: what comes from now on
  std::optional<std::uint64_t> last;
  bool json = false;
};
int tail(const Settings& settings, const TailOptions& options);

struct SignOptions {
  std::string token_file;  // empty: API_TOKEN
  bool curl = false;
};
int sign(const Settings& settings, const SignOptions& options);

struct TokenOptions {
  std::string subject;
  std::string ttl = "1h";
  std::vector<std::string> claims;  // NAME=VALUE
  bool curl = false;
};
int token(const Settings& settings, const TokenOptions& options);

struct KeyOptions {
  std::string store;             // its folder; empty: AUTH_STORE_DIR
  std::string user;              // list, revoke: empty for any
  std::vector<std::string> ids;  // revoke
  bool json = false;             // list
};
int key_create(const Settings& settings, const KeyOptions& options);
int key_list(const Settings& settings, const KeyOptions& options);
int key_revoke(const Settings& settings, const KeyOptions& options);

struct DeadOptions {
  std::string stream;
  std::vector<std::string> ids;
  bool all = false;    // redrive
  bool count = false;  // list
  bool json = false;   // list, show
};
int dead_list(const Settings& settings, const DeadOptions& options);
int dead_show(const Settings& settings, const DeadOptions& options);
int dead_redrive(const Settings& settings, const DeadOptions& options);

struct MigrateOptions {
  std::string database_url;  // empty: DATABASE_URL
  bool status = false;       // only tell
};
int migrate(const Settings& settings, const MigrateOptions& options);

struct DoctorOptions {
  std::vector<std::string> streams;  // whose groups are looked at besides those that workers hold
  std::string nginx_conf;            // empty: RUN_DIR/nginx.conf, else /etc/nginx/nginx.conf
  bool open = false;                 // only what is open, in one line
};
int doctor(const Settings& settings, const DoctorOptions& options);

struct UpOptions {
  std::string source = ".";  // the folder of nginx.conf.example and conf/
  bool detach = false;       // returns once all answer
  bool check = false;        // only checks the settings and what is rendered of them
  bool print = false;        // only prints nginx.conf
  bool settings = false;     // only prints the table of settings
};
int up(const Settings& settings, const UpOptions& options);

int down(const Settings& settings);

struct StatusOptions {
  bool json = false;
};
int status(const Settings& settings, const StatusOptions& options);

}  // namespace notify::ctl
