#include "ctl/supervise/preparation.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "ctl/redis_client.hpp"
#include "ctl/supervise/files.hpp"
#include "ctl/supervise/launch.hpp"
#include "ctl/supervise/processes.hpp"
#include "ctl/supervise/templates.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

namespace fs = std::filesystem;

// A folder anew, with what stands in another one; folders in it are left out.
Result<void> copy_folder(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::remove_all(to, error);
  if (::mkdir(to.c_str(), 0750) != 0) {
    return invalid("RUN_DIR: cannot make " + to + ": " + std::strerror(errno));
  }
  for (const auto& entry : fs::directory_iterator(from, error)) {
    if (!entry.is_regular_file(error)) {
      continue;
    }
    const auto text = read_file(entry.path().string());
    const auto written =
        text ? write_file(to + "/" + entry.path().filename().string(), *text) : text.error();
    if (!written) {
      return written;
    }
  }
  return error ? invalid("cannot read " + from + ": " + error.message()) : Result<void>();
}

Result<void> share_all(const Folders& folders, const std::string& path) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (const auto shared = folders.share(entry.path().string()); !shared) {
      return shared;
    }
  }
  return folders.share(path);
}

// The page of the API, or in production that there is none.
Result<void> prepare_page(const RunSettings& settings, const Folders& folders) {
  const std::string page = settings.run_dir + "/api-page";
  std::error_code error;
  fs::remove_all(page, error);
  if (settings.in_production()) {
    const auto text = read_file(settings.source + "/conf/docs_prod.conf");
    return text ? write_file(settings.run_dir + "/conf/docs.conf", *text) : text.error();
  }
  const auto copied = copy_folder(settings.build + "/api-page", page);
  return copied ? share_all(folders, page) : copied;
}

Result<void> prepare_conf(const RunSettings& settings) {
  const std::string conf = settings.run_dir + "/conf";
  if (const auto copied = copy_folder(settings.source + "/conf", conf); !copied) {
    return copied;
  }
  if (settings.get("ALERTS_VALIDATION") == "lenient") {
    const auto text = read_file(settings.source + "/conf/alerts_fields_lenient.conf");
    const auto written = text ? write_file(conf + "/alerts_fields.conf", *text) : text.error();
    if (!written) {
      return written;
    }
  }
  // Without networks the file stays as it ships, for this machine alone.
  if (!settings.trusted_networks.empty()) {
    const auto written =
        write_file(conf + "/internal_allow.conf", render_internal_allow(settings.trusted_networks));
    if (!written) {
      return written;
    }
  }
  const auto notiq = read_file(settings.source + "/conf/notiq.conf");
  if (!notiq) {
    return notiq.error();
  }
  return write_file(conf + "/notiq.conf",
                    render_notiq(*notiq, settings.get("NOTIQ_SOCKET_AUTH") == "optional",
                                 settings.get("NOTIQ_ECHO") == "on", settings.origins));
}

struct Certificate {
  std::string file;
  std::string key;
};

Certificate certificate_of(const RunSettings& settings) {
  if (const std::string file = settings.get("TLS_CERT"); !file.empty()) {
    return {absolute_path(file), absolute_path(settings.get("TLS_KEY"))};
  }
  return {settings.run_dir + "/tls/cert.pem", settings.run_dir + "/tls/key.pem"};
}

// TLS_CERT and TLS_KEY for LISTEN_TLS_PORTS, or a pair of our own, for this machine's name.
Result<void> prepare_certificate(const RunSettings& settings) {
  const Certificate pair = certificate_of(settings);
  if (!settings.get("TLS_CERT").empty()) {
    for (const auto& [name, path] : {std::pair("TLS_CERT", pair.file), {"TLS_KEY", pair.key}}) {
      if (::access(path.c_str(), R_OK) != 0) {
        return invalid(std::string(name) + ": cannot read " + path);
      }
    }
    return {};
  }
  const auto environment = settings.environment.entries();
  const auto good = run_to_end(
      {"openssl", "x509", "-in", pair.file, "-noout", "-checkend", "86400"}, environment);
  if (good && good->status == 0) {
    return {};
  }
  ::mkdir((settings.run_dir + "/tls").c_str(), 0750);
  const mode_t mask = ::umask(077);
  const auto made = run_to_end(
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
       "-nodes", "-days", "365", "-subj", "/CN=localhost", "-addext",
       "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", pair.key, "-out", pair.file},
      environment);
  ::umask(mask);
  return made && made->status == 0 ? Result<void>()
                                   : invalid("openssl could not make a certificate");
}

constexpr std::string_view kUserName =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool is_loopback(const RedisUrl& url) {
  return url.is_unix() || url.host == "localhost" || url.host == "::1" ||
         url.host.starts_with("127.");
}

bool says(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

void use_password(RunSettings& settings, const std::string& password) {
  settings.redis.password = password;
  settings.environment.set("REDIS_URL", url_with_password(settings.redis));
}

// What to do about a Redis that is there and does not take us.
Result<bool> judge(const Error& error, const std::string& place) {
  const std::string redis = "REDIS_URL: Redis at " + place;
  if (error.kind == ErrorKind::kNotFound) {
    return false;
  }
  if (says(error, "(LOADING")) {
    return true;
  }
  if (says(error, "called without any password")) {
    return invalid(redis + " has no password, but one was given");
  }
  if (error.kind == ErrorKind::kUnauthorized || error.kind == ErrorKind::kForbidden) {
    return invalid(redis +
                   " refuses the user or password; set REDIS_PASSWORD, or choose another port in "
                   "REDIS_URL to have a Redis of its own started there");
  }
  return invalid("REDIS_URL: no Redis answers at " + place + ": " + error.message);
}

}  // namespace

Result<void> check_source(const RunSettings& settings) {
  for (const char* name : {"/nginx.conf.example", "/conf"}) {
    const std::string path = settings.source + name;
    if (::access(path.c_str(), R_OK) != 0) {
      return invalid("cannot read " + path + ": " + std::strerror(errno) +
                     "; `notifyctl up` runs in the folder of the sources, or --source names it");
    }
  }
  return {};
}

Result<std::string> nginx_conf(const RunSettings& settings, const Folders& folders) {
  const auto example = read_file(settings.source + "/nginx.conf.example");
  if (!example) {
    return example.error();
  }
  const Certificate pair = certificate_of(settings);
  return render_nginx_conf(*example, {.module = settings.build + "/ngx_http_notify_module.so",
                                      .run_dir = settings.run_dir,
                                      .user = folders.nginx_user(),
                                      .workers = settings.get("WORKER_PROCESSES"),
                                      .app_env = settings.get("APP_ENV"),
                                      .catalog_socket = settings.get("NOTIFY_CATALOG_SOCKET"),
                                      .addresses = settings.listen_addresses,
                                      .ports = settings.ports,
                                      .tls_ports = settings.tls_ports,
                                      .certificate = pair.file,
                                      .certificate_key = pair.key});
}

Result<void> prepare_nginx(RunSettings& settings, const Folders& folders) {
  if (const auto made = folders.make_shared("RUN_DIR", settings.run_dir + "/tmp"); !made) {
    return made;
  }
  if (const auto made = folders.make_key_store(settings); !made) {
    return made;
  }
  if (const auto made = folders.make_socket_folder(settings); !made) {
    return made;
  }
  if (const auto copied = prepare_conf(settings); !copied) {
    return copied;
  }
  if (const auto copied = prepare_page(settings, folders); !copied) {
    return copied;
  }
  if (!settings.tls_ports.empty()) {
    if (const auto made = prepare_certificate(settings); !made) {
      return made;
    }
  }
  const auto text = nginx_conf(settings, folders);
  return text ? write_file(settings.run_dir + "/nginx.conf", *text) : text.error();
}

Result<void> test_nginx(const RunSettings& settings) {
  const std::string& run_dir = settings.run_dir;
  const auto tested = run_to_end(
      {"nginx", "-t", "-q", "-p", run_dir, "-c", run_dir + "/nginx.conf", "-e", "stderr"},
      settings.environment.entries());
  if (!tested) {
    return tested.error();
  }
  return tested->status == 0 ? Result<void>() : invalid(tested->output);
}

Result<bool> find_redis_there(RunSettings& settings) {
  const std::string password = settings.get("REDIS_PASSWORD");
  if (settings.redis.password.empty() && settings.redis_password_is_given) {
    use_password(settings, password);
  }
  const std::string place = settings.redis.display();
  auto client = RedisClient::connect(settings.redis);
  if (!client && settings.redis.password.empty() && says(client.error(), "NOAUTH")) {
    RedisUrl ours = settings.redis;
    ours.password = password;
    client = RedisClient::connect(ours);
    if (client) {
      use_password(settings, password);
    }
  }
  return client ? Result<bool>(true) : judge(client.error(), place);
}

Result<void> prepare_redis(RunSettings& settings) {
  if (!is_loopback(settings.redis)) {
    return invalid("REDIS_URL: nothing listens at " + settings.redis.display() +
                   ", and a Redis of our own is for loopback addresses without TLS");
  }
  // Redis has no users of such names, and its configuration no quotes for them.
  if (settings.redis.user.find_first_not_of(kUserName) != std::string::npos) {
    return invalid(
        "REDIS_URL: a Redis of our own has users of letters, digits, `.`, `_` and `-` only");
  }
  // The protocol could carry it, the configuration cannot.
  if (settings.redis.password.find('\0') != std::string::npos) {
    return invalid("REDIS_URL: the password of a Redis of our own holds no zero byte");
  }
  if (settings.redis.password.empty()) {
    use_password(settings, settings.get("REDIS_PASSWORD"));
  }
  const std::string data = settings.run_dir + "/redis";
  if (::mkdir(data.c_str(), 0700) != 0 && errno != EEXIST) {
    return invalid("RUN_DIR: cannot make " + data + ": " + std::strerror(errno));
  }
  return write_file(settings.run_dir + "/redis.conf",
                    render_redis_conf({.url = settings.redis,
                                       .run_dir = settings.run_dir,
                                       .maxmemory = settings.get("REDIS_MAXMEMORY")}),
                    0600);
}

Result<void> check_ports_are_free(const RunSettings& settings) {
  for (const auto& [name, ports] :
       {std::pair("LISTEN_PORTS", settings.ports), {"LISTEN_TLS_PORTS", settings.tls_ports}}) {
    for (const std::string& port : ports) {
      if (port_is_taken(static_cast<std::uint16_t>(parse_u64(port).value_or(0)))) {
        return invalid("port " + port + " is in use by another program: change " + name +
                       " (now \"" + settings.get(name) + "\")");
      }
    }
  }
  return {};
}

}  // namespace notify::ctl
