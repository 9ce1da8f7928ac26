#pragma once

// Settings of the http{} block: one per nginx worker.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/wire/secret_mask.hpp"
#include "shared/base/url.hpp"

namespace notify {

// Of request/request_id: places among the variables of a request; none where nothing is in use.
struct RequestIdVariables {
  ngx_int_t own = NGX_ERROR;    // $notify_request_id
  ngx_int_t nginx = NGX_ERROR;  // $request_id
  ngx_http_log_handler_pt next_log_handler = nullptr;
};

struct MainConf {
  // Some location has an operation. Without one there is no runtime: no timer, no connection.
  bool enabled = false;
  // Some location is guarded by notify_auth.
  bool guards = false;

  SecretMask masks;                    // arguments whose values no log may hold
  std::vector<ngx_log_t*> error_logs;  // of all locations

  std::vector<std::string> key_stores;  // files, of all `notify_key`
  class Zone* key_zone = nullptr;       // where there is one of these
  struct ThreadPool* threads = nullptr;

  RequestIdVariables request_id;

  std::optional<std::size_t> zone_size;  // of the shared memory for the figures of all workers
  class Zone* zone = nullptr;            // where anything of the module is in use

  std::optional<RedisUrl> redis;  // an address or a socket path: names are resolved when it is read
  std::optional<ngx_msec_t> redis_timeout;       // of one command
  std::optional<std::uint64_t> max_pending;      // clients' commands that Redis has not answered
  std::optional<std::size_t> max_pending_bytes;  // of these together, with what waits for them
  std::optional<std::size_t> max_read_bytes;     // of entries that Redis is asked for at a time
  std::optional<std::size_t> max_unfinished;  // bytes of WebSockets' messages that are not complete
  std::optional<std::uint64_t> auth_waiting;  // requests that wait for the proof of a key at a time
  std::optional<std::uint64_t> auth_proofs;   // keys of theirs whose proof has not begun
  std::optional<ngx_msec_t> drain;            // over which a worker that ends closes its streams
  std::optional<std::uint64_t> fanout_batch;  // subscribers served in one turn of the event loop
  std::optional<std::uint64_t> ring_entries;  // of one stream, kept for its subscribers
  std::optional<std::size_t> ring_bytes;

  Result<void> init();  // defaults, once all was read: no optional is empty after it
};

Result<void> set_redis(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_zone(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_redis_timeout(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_max_pending(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_max_reading(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_max_unfinished(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_auth_waiting(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_drain(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_fanout_batch(ngx_conf_t* cf, Words words, MainConf& conf);
Result<void> set_ring(ngx_conf_t* cf, Words words, MainConf& conf);

inline constexpr std::array kMainDirectives{
    directive<"notify_redis", &set_redis>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_zone", &set_zone>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_redis_timeout", &set_redis_timeout>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_max_pending", &set_max_pending>(kHttp | NGX_CONF_TAKE12),
    directive<"notify_max_reading", &set_max_reading>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_max_unfinished", &set_max_unfinished>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_auth_waiting", &set_auth_waiting>(kHttp | NGX_CONF_TAKE2),
    directive<"notify_drain", &set_drain>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_fanout_batch", &set_fanout_batch>(kHttp | NGX_CONF_TAKE1),
    directive<"notify_ring", &set_ring>(kHttp | NGX_CONF_TAKE2),
};

}  // namespace notify
