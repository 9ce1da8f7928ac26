#pragma once

// The list of all that a location may be told: the only place that knows every feature. It makes
// and merges their settings and joins their directives.

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"

namespace notify {

// Ended as nginx expects it.
ngx_command_t* all_directives();

// Null: out of memory.
LocConf* create_features(ngx_conf_t* cf);

// Once a server{} or location{} was read.
Result<void> merge_features(ngx_conf_t* cf, const LocConf& parent, LocConf& conf);

}  // namespace notify
