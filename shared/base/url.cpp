#include "shared/base/url.hpp"

#include <array>
#include <limits>
#include <optional>

#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr std::uint16_t kDefaultPort = 6379;
constexpr std::size_t kMaxUnixPath = 107;  // sockaddr_un, without its final zero

// Takes `prefix` off the front, whatever its case.
bool consume(std::string_view& text, std::string_view prefix) {
  if (!iequals(text.substr(0, prefix.size()), prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

Error refused(std::string_view what) { return invalid("invalid Redis URL: " + std::string(what)); }

bool printable(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) {
      return false;
    }
  }
  return true;
}

Result<void> parse_db(std::string_view text, RedisUrl& out) {
  const auto number = parse_u64(text);
  if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    return refused("invalid database number");
  }
  out.db = static_cast<unsigned>(*number);
  return {};
}

// [user][:password]
Result<void> parse_user(std::string_view text, RedisUrl& out) {
  const std::size_t colon = text.find(':');
  const auto user = percent_decode_strict(text.substr(0, colon));
  const auto password = percent_decode_strict(
      colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1));
  if (!user || !password) {
    return refused("malformed percent-encoding in user or password");
  }
  out.user = *user;
  out.password = *password;
  if (!out.user.empty() && out.password.empty()) {
    return refused("user without password");
  }
  return {};
}

// host, host:port, [IPv6], [IPv6]:port, or nothing
Result<void> parse_host(std::string_view text, RedisUrl& out) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return refused("missing \"]\" after the address");
    }
    host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (host.empty() || (!rest.empty() && rest[0] != ':')) {
      return refused("invalid host");
    }
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (!printable(host) || host.find_first_of("[]%?#\"'\\") != std::string_view::npos) {
    return refused("invalid host");
  }
  out.host = host.empty() ? "127.0.0.1" : std::string(host);
  out.port = kDefaultPort;
  if (has_port) {
    const auto number = parse_u64(port);
    if (!number || *number == 0 || *number > 65535) {
      return refused("invalid port");
    }
    out.port = static_cast<std::uint16_t>(*number);
  }
  return {};
}

Result<void> parse_query(std::string_view query, RedisUrl& out) {
  const std::string_view prefix = "db=";
  if (!query.starts_with(prefix)) {
    return refused("invalid argument after \"?\", only db=N is known");
  }
  return parse_db(query.substr(prefix.size()), out);
}

// [user[:password]@]host[:port][/db]
Result<RedisUrl> parse_tcp(std::string_view rest, std::optional<std::string_view> query) {
  RedisUrl out;
  // A password may hold any character in practice, so the last @ ends it.
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    if (auto user = parse_user(rest.substr(0, at), out); !user) {
      return user.error();
    }
    rest.remove_prefix(at + 1);
  }
  const std::size_t slash = rest.find('/');
  if (auto host = parse_host(rest.substr(0, slash), out); !host) {
    return host.error();
  }
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (!path.empty() && query) {
    return refused("database number given twice");
  }
  if (!path.empty()) {
    if (auto db = parse_db(path, out); !db) {
      return db.error();
    }
  }
  if (query) {
    if (auto db = parse_query(*query, out); !db) {
      return db.error();
    }
  }
  return out;
}

// [user[:password]@]/path, with `authority` where "//" stood before it.
Result<RedisUrl> parse_unix(std::string_view rest, bool authority,
                            std::optional<std::string_view> query) {
  RedisUrl out;
  if (authority && !rest.starts_with('/')) {
    const std::size_t slash = rest.find("@/");
    if (slash == std::string_view::npos) {
      return refused("path of a Unix socket must begin with \"/\"");
    }
    if (auto user = parse_user(rest.substr(0, slash), out); !user) {
      return user.error();
    }
    rest.remove_prefix(slash + 1);
  }
  const auto path = percent_decode_strict(rest);
  if (!path) {
    return refused("malformed percent-encoding in the path");
  }
  if (!path->starts_with('/')) {
    return refused("path of a Unix socket must begin with \"/\"");
  }
  if (path->size() > kMaxUnixPath || path->find('\0') != std::string::npos) {
    return refused("path of a Unix socket is too long or holds a zero byte");
  }
  out.unix_path = *path;
  if (query) {
    if (auto db = parse_query(*query, out); !db) {
      return db.error();
    }
  }
  return out;
}

}  // namespace

Result<RedisUrl> parse_redis_url(std::string_view url) {
  std::string_view rest = trim(url);
  if (consume(rest, "rediss://")) {
    return refused(
        "rediss:// needs TLS, which this build's hiredis does not have; "
        "use redis:// through a local TLS tunnel such as stunnel");
  }
  // A `?` of a password comes before the @, and only the one behind it begins the arguments.
  const auto split_query = [&rest]() -> std::optional<std::string_view> {
    const std::size_t at = rest.rfind('@');
    const std::size_t mark = rest.find('?', at == std::string_view::npos ? 0 : at);
    if (mark == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
    return query;
  };
  if (consume(rest, "redis://")) {
    const auto query = split_query();
    return parse_tcp(rest, query);
  }
  constexpr std::array<std::string_view, 4> kUnix{
      "unix:", "redis+unix:", "redis+socket:", "redis-socket:"};
  for (const std::string_view scheme : kUnix) {
    if (consume(rest, scheme)) {
      const bool authority = consume(rest, "//");
      const auto query = split_query();
      return parse_unix(rest, authority, query);
    }
  }
  return refused("it must begin with redis:// or unix:");
}

std::string RedisUrl::display() const {
  const std::string account = user.empty() ? "" : percent_encode(user) + "@";
  if (is_unix()) {
    std::string path;
    for (const char c : unix_path) {
      path += c == '/' ? std::string(1, c) : percent_encode({&c, 1});
    }
    const std::string suffix = db == 0 ? "" : "?db=" + std::to_string(db);
    return (account.empty() ? "unix:" : "unix://" + account) + path + suffix;
  }
  const bool brackets = host.find(':') != std::string::npos;
  return "redis://" + account + (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port) +
         "/" + std::to_string(db);
}

}  // namespace notify
