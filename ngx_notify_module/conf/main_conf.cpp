#include "ngx_notify_module/conf/main_conf.hpp"

#include <span>

#include "shared/base/secret.hpp"

namespace notify {
namespace {

// hiredis resolves names while it connects, and blocks the event loop for it: do it here, once.
Result<RedisUrl> resolve(ngx_conf_t* cf, RedisUrl redis) {
  if (redis.is_unix()) {
    return redis;
  }
  ngx_url_t url{};
  url.url = to_pool(
      cf->pool, redis.host.find(':') == std::string::npos ? redis.host : "[" + redis.host + "]");
  url.default_port = redis.port;
  if (url.url.data == nullptr) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  if (ngx_parse_url(cf->pool, &url) != NGX_OK || url.naddrs == 0) {
    return invalid("host \"" + redis.host +
                   "\" of Redis: " + (url.err == nullptr ? "not found" : url.err));
  }
  redis.host.clear();
  for (const ngx_addr_t& found : std::span(url.addrs, url.naddrs)) {
    u_char text[NGX_SOCKADDR_STRLEN];
    const std::size_t size = ngx_sock_ntop(found.sockaddr, found.socklen, text, sizeof(text), 0);
    std::string_view address = view(text, size);
    if (address.starts_with('[')) {
      address = address.substr(1, address.size() - 2);
    }
    redis.host.append(redis.host.empty() ? "" : " ").append(address);
  }
  return redis;
}

// A number that must not be 0.
Result<std::uint64_t> parse_positive(std::string_view word) {
  Result<std::uint64_t> count = parse_count(word);
  if (count && *count == 0) {
    return bad_value(word);
  }
  return count;
}

Result<std::size_t> parse_some_bytes(std::string_view word) {
  Result<std::size_t> bytes = parse_bytes(word);
  if (bytes && *bytes == 0) {
    return bad_value(word);
  }
  return bytes;
}

}  // namespace

Result<void> MainConf::init() {
  if (!redis) {
    Result<RedisUrl> local = parse_redis_url("redis://127.0.0.1:6379/0");
    if (!local) {
      return local.error();
    }
    redis = std::move(*local);
  }
  zone_size = zone_size.value_or(std::size_t{1024} * 1024);
  redis_timeout = redis_timeout.value_or(2000);
  max_pending = max_pending.value_or(4096);
  max_pending_bytes = max_pending_bytes.value_or(std::size_t{64} * 1024 * 1024);
  max_read_bytes = max_read_bytes.value_or(std::size_t{32} * 1024 * 1024);
  max_unfinished = max_unfinished.value_or(std::size_t{64} * 1024 * 1024);
  auth_waiting = auth_waiting.value_or(1024);
  auth_proofs = auth_proofs.value_or(256);
  drain = drain.value_or(5000);
  fanout_batch = fanout_batch.value_or(256);
  ring_entries = ring_entries.value_or(1024);
  ring_bytes = ring_bytes.value_or(std::size_t{1024} * 1024);
  return {};
}

Result<void> set_redis(ngx_conf_t* cf, Words words, MainConf& conf) {
  if (conf.redis) {
    return is_duplicate();
  }
  Result<std::string> text = resolve_secret(words[0]);
  if (!text) {
    return text.error();
  }
  Result<RedisUrl> url = parse_redis_url(*text);
  if (!url) {
    return url.error();  // does not quote the password
  }
  return assign(conf.redis, resolve(cf, std::move(*url)));
}

Result<void> set_zone(ngx_conf_t*, Words words, MainConf& conf) {
  if (words[0] == "off") {
    return assign(conf.zone_size, Result<std::size_t>(0));
  }
  Result<std::size_t> bytes = parse_bytes(words[0]);
  constexpr std::size_t kMost = std::size_t{1} << 30;
  if (bytes && (*bytes < 16 * ngx_pagesize || *bytes > kMost)) {
    return bad_value(words[0]);
  }
  return assign(conf.zone_size, std::move(bytes));
}

Result<void> set_redis_timeout(ngx_conf_t*, Words words, MainConf& conf) {
  Result<ngx_msec_t> time = parse_time(words[0]);
  if (time && *time == 0) {
    return bad_value(words[0]);
  }
  return assign(conf.redis_timeout, std::move(time));
}

Result<void> set_max_pending(ngx_conf_t*, Words words, MainConf& conf) {
  const Result<void> commands = assign(conf.max_pending, parse_positive(words[0]));
  if (!commands || words.size() == 1) {
    return commands;
  }
  return assign(conf.max_pending_bytes, parse_some_bytes(words[1]));
}

Result<void> set_max_reading(ngx_conf_t*, Words words, MainConf& conf) {
  return assign(conf.max_read_bytes, parse_some_bytes(words[0]));
}

Result<void> set_max_unfinished(ngx_conf_t*, Words words, MainConf& conf) {
  return assign(conf.max_unfinished, parse_some_bytes(words[0]));
}

Result<void> set_auth_waiting(ngx_conf_t*, Words words, MainConf& conf) {
  const Result<void> requests = assign(conf.auth_waiting, parse_positive(words[0]));
  return requests ? assign(conf.auth_proofs, parse_positive(words[1])) : requests;
}

Result<void> set_drain(ngx_conf_t*, Words words, MainConf& conf) {
  return assign(conf.drain, parse_time(words[0]));
}

Result<void> set_fanout_batch(ngx_conf_t*, Words words, MainConf& conf) {
  return assign(conf.fanout_batch, parse_positive(words[0]));
}

Result<void> set_ring(ngx_conf_t*, Words words, MainConf& conf) {
  const Result<void> entries = assign(conf.ring_entries, parse_positive(words[0]));
  if (!entries) {
    return entries;
  }
  return assign(conf.ring_bytes, parse_some_bytes(words[1]));
}

}  // namespace notify
