// The module as nginx sees it: its tables, what it puts into the phases, and when its one object of
// each worker process comes and goes. Features bring their own directives.

#include <memory>
#include <utility>

#include "ngx_notify_module/auth/access.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/features.hpp"
#include "ngx_notify_module/ngx/zone.hpp"
#include "ngx_notify_module/request/cors.hpp"
#include "ngx_notify_module/request/log_mask.hpp"
#include "ngx_notify_module/request/request_id.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/variables.hpp"

namespace notify {
namespace {

void* create_main_conf(ngx_conf_t* cf) { return adopt(cf->pool, std::make_unique<MainConf>()); }
char* init_main_conf(ngx_conf_t* cf, void* conf);
void* create_loc_conf(ngx_conf_t* cf) { return create_features(cf); }
char* merge_loc_conf(ngx_conf_t* cf, void* parent, void* child);
ngx_int_t add_handlers(ngx_conf_t* cf);
ngx_int_t init_process(ngx_cycle_t* cycle);
void exit_process(ngx_cycle_t* cycle);

constinit ngx_http_module_t context = {
    entry_or<&add_variables, NGX_ERROR>,  // preconfiguration
    entry_or<&add_handlers, NGX_ERROR>,   // postconfiguration
    entry<&create_main_conf>,
    entry<&init_main_conf>,
    nullptr,  // server{}: all that is set there is inherited by locations
    nullptr,
    entry<&create_loc_conf>,
    entry<&merge_loc_conf>,
};

}  // namespace
}  // namespace notify

ngx_module_t ngx_http_notify_module = {
    NGX_MODULE_V1,
    &notify::context,
    notify::all_directives(),
    NGX_HTTP_MODULE,
    nullptr,  // init master
    nullptr,  // init module
    notify::entry_or<&notify::init_process, NGX_ERROR>,
    nullptr,  // init thread
    nullptr,  // exit thread
    notify::entry<&notify::exit_process>,
    nullptr,  // exit master
    NGX_MODULE_V1_PADDING,
};

namespace notify {
namespace {

// ---- configuration ------------------------------------------------------------------------------

char* init_main_conf(ngx_conf_t* cf, void* conf) {
  const Result<void> outcome = static_cast<MainConf*>(conf)->init();
  if (!outcome) {
    log_text(NGX_LOG_EMERG, cf->log, outcome.error().message);
    return conf_error();
  }
  return conf_ok();
}

char* merge_loc_conf(ngx_conf_t* cf, void* parent, void* child) {
  const Result<void> outcome =
      merge_features(cf, *static_cast<const LocConf*>(parent), *static_cast<LocConf*>(child));
  if (outcome) {
    return conf_ok();
  }
  const auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  ngx_str_t message = to_pool(cf->pool, outcome.error().message);
  ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V in location \"%V\"", &message, &core->name);
  return conf_error();
}

// ---- phases -------------------------------------------------------------------------------------

ngx_http_handler_pt* push_handler(ngx_conf_t* cf, ngx_http_phases phase,
                                  ngx_http_handler_pt handler) {
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* place = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core->phases[phase].handlers));
  if (place != nullptr) {
    *place = handler;
  }
  return place;
}

// The log phase runs in the order of registration, and nginx's own access log has registered: what
// masks must come before it.
bool push_first(ngx_conf_t* cf, ngx_http_phases phase, ngx_http_handler_pt handler) {
  ngx_http_handler_pt* place = push_handler(cf, phase, handler);
  if (place == nullptr) {
    return false;
  }
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto* first = static_cast<ngx_http_handler_pt*>(core->phases[phase].handlers.elts);
  for (; place != first; --place) {
    std::swap(place[0], place[-1]);
  }
  return true;
}

// A module that is loaded and has nothing to do is in no phase.
bool in_use(const MainConf& conf) { return conf.enabled || conf.guards; }

ngx_int_t add_handlers(ngx_conf_t* cf) {
  MainConf& conf = *main_conf<MainConf>(cf);
  if (!in_use(conf)) {
    return NGX_OK;
  }
  if (*conf.zone_size > 0) {
    const Result<Zone*> zone = Zone::add(cf, "notify", *conf.zone_size);
    if (!zone) {
      return NGX_ERROR;  // nginx has said why
    }
    conf.zone = *zone;
  }
  const bool added =
      prepare_request_ids(cf) &&
      // Those of a phase run from the last to the first.
      push_handler(cf, NGX_HTTP_PREACCESS_PHASE, entry<&check_part>) != nullptr &&
      push_handler(cf, NGX_HTTP_PREACCESS_PHASE, entry<&answer_preflight>) != nullptr &&
      push_handler(cf, NGX_HTTP_PREACCESS_PHASE, entry<&begin_request_id>) != nullptr &&
      push_handler(cf, NGX_HTTP_ACCESS_PHASE, entry<&check_access>) != nullptr &&
      push_first(cf, NGX_HTTP_LOG_PHASE, entry<&mask_request>);
  return added ? NGX_OK : NGX_ERROR;
}

// ---- processes ----------------------------------------------------------------------------------

// Helpers (cache manager and loader) call this, too, and serve nobody.
ngx_int_t init_process(ngx_cycle_t* cycle) {
  const auto* conf = main_conf<MainConf>(cycle);
  const bool serves = ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
  if (!serves || conf == nullptr || !in_use(*conf)) {
    return NGX_OK;
  }
  if (!mask_error_logs(cycle, *conf)) {
    return NGX_ERROR;
  }
  if (conf->zone != nullptr) {
    metrics::board = new metrics::Board(conf->zone);
  }
  if (conf->enabled || !conf->key_stores.empty()) {
    runtime = new Runtime(*conf);
  }
  return NGX_OK;
}

void exit_process(ngx_cycle_t* cycle) {
  delete std::exchange(runtime, nullptr);
  delete std::exchange(metrics::board, nullptr);
  if (const auto* conf = main_conf<MainConf>(cycle)) {
    unmask_error_logs(cycle, *conf);
  }
}

}  // namespace
}  // namespace notify
