#include "ctl/supervise/templates.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

constexpr std::string_view kBlanks = " \t";

// A line that is taken apart: `indent NAME VALUE rest…; # @MARK`.
struct MarkedLine {
  std::string mark;
  std::string indent;
  Words words;  // without `;`
};

// No mark: an empty one.
MarkedLine parse_line(std::string_view line) {
  MarkedLine result;
  const auto at = line.rfind('@');
  const auto hash = at == std::string_view::npos ? at : line.find_last_not_of(kBlanks, at - 1);
  if (at == 0 || hash == std::string_view::npos || line[hash] != '#') {
    return result;
  }
  const auto mark = trim(line.substr(at + 1));
  const bool upper = std::all_of(mark.begin(), mark.end(),
                                 [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  if (mark.empty() || !upper) {
    return result;
  }
  result.mark = mark;
  const auto text = line.substr(0, hash);
  result.indent = text.substr(0, std::min(text.find_first_not_of(kBlanks), text.size()));
  result.words = split_list(text, " \t;");
  return result;
}

// Calls `take` with each line, without its end.
void for_each_line(std::string_view text, const std::function<void(std::string_view)>& take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string listen_lines(const std::string& indent, const NginxValues& values) {
  std::string text;
  for (const std::string& address : values.addresses) {
    for (const std::string& port : values.ports) {
      text += indent + "listen " + address + ":" + port + ";\n";
    }
    for (const std::string& port : values.tls_ports) {
      text += indent + "listen " + address + ":" + port + " ssl http2;\n";
    }
  }
  if (!values.tls_ports.empty()) {
    text += indent + "ssl_certificate \"" + values.certificate + "\";\n";
    text += indent + "ssl_certificate_key \"" + values.certificate_key + "\";\n";
  }
  return text;
}

// Of `NAME OLD rest…;` with another value, in quotes.
std::string with_value(const MarkedLine& line, const std::string& value) {
  std::string text = line.indent + line.words[0] + " \"" + value + "\"";
  for (std::size_t i = 2; i < line.words.size(); ++i) {
    text += " " + line.words[i];
  }
  return text + ";\n";
}

// nullopt: a mark that is not known. `listened`: those lines stand there already.
std::optional<std::string> render_line(const MarkedLine& line, const NginxValues& values,
                                       bool& listened) {
  const std::string& run_dir = values.run_dir;
  const auto bare = [&](std::size_t from, const std::string& value) {
    std::string text = line.indent;
    for (std::size_t i = 0; i < from; ++i) {
      text += line.words[i] + " ";
    }
    return text + (value.empty() ? line.words[from] : value) + ";\n";
  };
  if (line.mark == "MODULE") return with_value(line, values.module);
  if (line.mark == "PID") return with_value(line, run_dir + "/nginx.pid");
  if (line.mark == "ERROR_LOG") return with_value(line, run_dir + "/error.log");
  if (line.mark == "ACCESS_LOG") return with_value(line, run_dir + "/access.log");
  if (line.mark == "TEMP") return with_value(line, run_dir + "/tmp/" + line.words[0]);
  if (line.mark == "CATALOG") {
    const std::string& socket = values.catalog_socket;
    return with_value(line, "unix:" + (socket.empty() ? run_dir + "/catalog.sock" : socket));
  }
  if (line.mark == "APP_ENV") return bare(2, values.app_env);
  if (line.mark == "WORKERS") return bare(1, values.workers);
  if (line.mark == "USER") return values.user.empty() ? "" : bare(1, values.user);
  if (line.mark == "LISTEN") {
    return std::exchange(listened, true) ? "" : listen_lines(line.indent, values);
  }
  return std::nullopt;
}

// The line where `from` at its beginning, behind blanks, is another text.
std::optional<std::string> replaced(std::string_view line, std::string_view from,
                                    const std::string& to) {
  const auto begin = std::min(line.find_first_not_of(kBlanks), line.size());
  if (!line.substr(begin).starts_with(from)) {
    return std::nullopt;
  }
  return std::string(line.substr(0, begin)) + to + std::string(line.substr(begin + from.size()));
}

// As redis.conf wants it: a line each, so that no byte of a password may end one.
std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xfU]};
      continue;
    }
    if (c == '"' || c == '\\') {
      result += '\\';
    }
    result += c;
  }
  return result + "\"";
}

}  // namespace

Result<std::string> render_nginx_conf(std::string_view example, const NginxValues& values) {
  std::string text;
  std::string unknown;
  std::size_t number = 0;
  bool listened = false;
  for_each_line(example, [&](std::string_view line) {
    ++number;
    const MarkedLine marked = parse_line(line);
    if (marked.mark.empty()) {
      text += std::string(line) + "\n";
    } else if (auto rendered =
                   marked.words.size() < 2 ? std::nullopt : render_line(marked, values, listened)) {
      text += *rendered;
    } else if (unknown.empty()) {
      unknown = "nginx.conf.example line " + std::to_string(number) +
                ": nothing is known about # @" + marked.mark;
    }
  });
  if (!unknown.empty()) {
    return invalid(unknown);
  }
  return text;
}

std::string render_notiq(std::string_view shipped, bool optional_auth, bool echo,
                         const Words& origins) {
  const std::string list = join(origins, " ");
  std::string text;
  for_each_line(shipped, [&](std::string_view line) {
    std::optional<std::string> other;
    // The line that is commented out takes the place of the one above it.
    if (optional_auth && replaced(line, "notify_member ", "") && line.ends_with(" required;")) {
      return;
    }
    if (optional_auth) {
      other = replaced(line, "#notify_member ", "notify_member ");
    }
    if (!other && echo) {
      other = replaced(line, "#notify_echo ", "notify_echo ");
    }
    if (!other && !origins.empty()) {
      other = replaced(line, "notify_origin same;", "notify_origin same " + list + ";");
    }
    if (!other && !origins.empty()) {
      other = replaced(line, "#notify_cors https://app.example.org ", "notify_cors " + list + " ");
    }
    text += other.value_or(std::string(line)) + "\n";
  });
  return text;
}

std::string render_internal_allow(const Words& networks) {
  std::string text;
  for (const std::string& network : networks) {
    text += "allow " + network + ";\n";
  }
  return text + "deny all;\n";
}

std::string render_redis_conf(const RedisValues& values) {
  const RedisUrl& url = values.url;
  const std::string& run_dir = values.run_dir;
  std::string text;
  if (url.is_unix()) {
    text += "port 0\nunixsocket " + quoted(url.unix_path) + "\nunixsocketperm 600\n";
  } else {
    text += "bind " + (url.host == "localhost" ? "127.0.0.1 -::1" : url.host) + "\nport " +
            std::to_string(url.port) + "\n";
  }
  text += "protected-mode yes\ndir " + quoted(run_dir + "/redis") + "\npidfile " +
          quoted(run_dir + "/redis.pid") + "\nlogfile " + quoted(run_dir + "/redis.log") +
          "\nappendonly yes\nmaxmemory-policy noeviction\nmaxmemory " + values.maxmemory +
          "\ndatabases " + std::to_string(url.db + 16) +
          "\nproc-title-template \"{title} {listen-addr} {config-file}\"\n";
  if (url.user.empty() || url.user == "default") {
    return text + "requirepass " + quoted(url.password) + "\n";
  }
  return text + "user default off\nuser " + url.user + " on " + quoted(">" + url.password) +
         " ~* &* +@all\n";
}

std::string url_with_password(const RedisUrl& url) {
  if (url.password.empty()) {
    return url.display();
  }
  RedisUrl place = url;
  place.user.clear();
  place.password.clear();
  const std::string shown = place.display();
  const std::string_view scheme = url.is_unix() ? "unix:" : "redis://";
  return std::string(scheme) + (url.is_unix() ? "//" : "") + percent_encode(url.user) + ":" +
         percent_encode(url.password) + "@" + shown.substr(scheme.size());
}

}  // namespace notify::ctl
