#include "ngx_notify_module/calls/redis_wait.hpp"

namespace notify {

void WaitConf::merge(const WaitConf& parent) { inherit(wait, parent.wait, 2000); }

Result<void> set_redis_wait(ngx_conf_t*, Words words, WaitConf& conf) {
  return assign(conf.wait, parse_time(words[0]));
}

}  // namespace notify
