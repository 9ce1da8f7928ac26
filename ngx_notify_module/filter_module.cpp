// A second module of the same library, for its place alone: nginx runs filters in the reverse order
// of modules, and `config` puts this one right before those that frame a response and write it.

#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/ngx/last_filters.hpp"
#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/request/cors.hpp"

namespace notify {
namespace {

ngx_int_t enter(ngx_conf_t* cf) {
  const MainConf& conf = *main_conf<MainConf>(cf);
  if (conf.enabled || conf.guards) {
    enter_filter_chains(&add_cors_headers);
    enter_body_chain();
  }
  return NGX_OK;
}

constinit ngx_http_module_t filter_context = {
    nullptr, entry_or<&enter, NGX_ERROR>, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};
constinit ngx_command_t no_commands[] = {ngx_null_command};

}  // namespace
}  // namespace notify

ngx_module_t ngx_http_notify_filter_module = {
    NGX_MODULE_V1,
    &notify::filter_context,
    notify::no_commands,
    NGX_HTTP_MODULE,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    NGX_MODULE_V1_PADDING,
};
