#include "ngx_notify_module/request/log_mask.hpp"

#include <vector>

#include "ngx_notify_module/conf/main_conf.hpp"

namespace notify {
namespace {

void mask(const SecretMask& masks, const ngx_str_t& text) {
  masks.apply({reinterpret_cast<char*>(text.data), text.len});
}

void replace(ngx_pool_t* pool, const SecretMask& masks, ngx_str_t& text) {
  text = to_pool(pool, view(text));  // none where memory ran out
  mask(masks, text);
}

// nginx sets it once it has understood the line, and logs what came where it has not.
ngx_str_t line_of(const ngx_http_request_t* r) {
  if (r->request_line.data != nullptr || r->request_start == nullptr) {
    return r->request_line;
  }
  return {static_cast<std::size_t>(r->header_in->last - r->request_start), r->request_start};
}

bool lies_within(const ngx_str_t& part, const ngx_str_t& whole) {
  return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

// Called for each line, before the next log of the chain gets it.
void mask_line(ngx_log_t* log, ngx_uint_t, u_char* line, std::size_t size) noexcept {
  static_cast<const SecretMask*>(log->wdata)->apply({reinterpret_cast<char*>(line), size});
}

// nginx hands a line to each log of a chain in turn, and connections copy the head of theirs. So
// the head becomes ours, and a copy of what it was follows.
bool put_in_front(ngx_pool_t* pool, const SecretMask& masks, ngx_log_t& log) {
  auto* rest = pool_new<ngx_log_t>(pool, log);
  if (rest == nullptr) {
    return false;
  }
  log.next = rest;
  log.writer = mask_line;
  log.wdata = const_cast<SecretMask*>(&masks);
  return true;
}

void take_away(ngx_log_t& log) {
  if (log.writer == mask_line) {
    const ngx_log_t& rest = *log.next;
    log.writer = rest.writer;
    log.wdata = rest.wdata;
    log.next = rest.next;
  }
}

// Connections begin with their listener's log.
std::vector<ngx_log_t*> logs_of(const ngx_cycle_t* cycle, const MainConf& conf) {
  std::vector<ngx_log_t*> logs = conf.error_logs;
  auto* listeners = static_cast<ngx_listening_t*>(cycle->listening.elts);
  for (ngx_uint_t i = 0; i < cycle->listening.nelts; ++i) {
    if (listeners[i].handler == ngx_http_init_connection) {
      logs.push_back(&listeners[i].log);
    }
  }
  return logs;
}

}  // namespace

bool mask_error_logs(ngx_cycle_t* cycle, const MainConf& conf) {
  for (ngx_log_t* log : logs_of(cycle, conf)) {
    if (!put_in_front(cycle->pool, conf.masks, *log)) {
      return false;
    }
  }
  return true;
}

void unmask_error_logs(ngx_cycle_t* cycle, const MainConf& conf) {
  for (ngx_log_t* log : logs_of(cycle, conf)) {
    take_away(*log);
  }
}

ngx_int_t mask_request(ngx_http_request_t* r) {
  const SecretMask& masks = main_conf<MainConf>(r)->masks;
  ngx_table_elt_t*& referer = r->headers_in.referer;
  if (r == r->main) {
    mask(masks, line_of(r));
    mask(masks, r->unparsed_uri);
    if (referer != nullptr) {
      mask(masks, referer->value);
    }
  } else {
    // With `log_subrequest`: the request that it belongs to goes on.
    replace(r->pool, masks, r->request_line);
    replace(r->pool, masks, r->unparsed_uri);
    if (referer != nullptr) {
      referer = pool_new<ngx_table_elt_t>(r->pool, *referer);
    }
    if (referer != nullptr) {
      replace(r->pool, masks, referer->value);
    }
  }
  // A rewrite may have made arguments of its own; they may as well stand in the configuration.
  if (r->args.len > 0 && (r != r->main || !lies_within(r->args, r->unparsed_uri))) {
    ngx_str_t query = to_pool(r->pool, "?" + std::string(view(r->args)));
    mask(masks, query);
    r->args = query.data == nullptr ? ngx_str_t{} : ngx_str_t{query.len - 1, query.data + 1};
  }
  return NGX_OK;
}

}  // namespace notify
