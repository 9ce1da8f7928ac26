#pragma once

// The configuration that ships, as the settings want it. Pure: texts in, texts out. A line of
// nginx.conf.example that depends on the machine ends with `# @NAME`; the rest is taken as it
// stands.

#include <string>
#include <string_view>

#include "ctl/supervise/addresses.hpp"
#include "shared/base/result.hpp"
#include "shared/base/url.hpp"

namespace notify::ctl {

struct NginxValues {
  std::string module;
  std::string run_dir;
  std::string user;     // and perhaps its group; empty: nginx runs as its caller, the line goes
  std::string workers;  // empty: the line stays
  std::string app_env;  // empty: the line stays
  std::string catalog_socket;  // empty: RUN_DIR/catalog.sock
  Words addresses;
  Words ports;
  Words tls_ports;
  std::string certificate;  // for tls_ports
  std::string certificate_key;
};

// nginx.conf.example. An error names the line of a mark that is not known.
Result<std::string> render_nginx_conf(std::string_view example, const NginxValues& values);

// conf/notiq.conf: NOTIQ_SOCKET_AUTH=optional, NOTIQ_ECHO=on, NOTIQ_ORIGINS.
std::string render_notiq(std::string_view shipped, bool optional_auth, bool echo,
                         const Words& origins);

// conf/internal_allow.conf for these networks.
std::string render_internal_allow(const Words& networks);

struct RedisValues {
  RedisUrl url;  // with the password
  std::string run_dir;
  std::string maxmemory;
};

// redis.conf of a Redis for this machine alone, with a password and a bound.
std::string render_redis_conf(const RedisValues& values);

// The URL in full, for the environment of what is started: never for logs or arguments.
std::string url_with_password(const RedisUrl& url);

}  // namespace notify::ctl
