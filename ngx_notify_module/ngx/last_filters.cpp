#include "ngx_notify_module/ngx/last_filters.hpp"

#include <utility>

#include "ngx_notify_module/ngx/entry.hpp"

namespace notify {
namespace {

// As each filter of nginx keeps them: set when the configuration is read, the same for all
// requests.
ngx_http_output_header_filter_pt next_head = nullptr;
ngx_http_output_body_filter_pt next_body = nullptr;
HeadFilter head_filter = nullptr;

ngx_int_t filter_head(ngx_http_request_t* r) {
  const ngx_int_t outcome = head_filter(r);
  return outcome == NGX_OK ? next_head(r) : outcome;
}

}  // namespace

void enter_filter_chains(HeadFilter filter) {
  head_filter = filter;
  next_head = std::exchange(ngx_http_top_header_filter, entry_or<&filter_head, NGX_ERROR>);
  next_body = ngx_http_top_body_filter;
}

ngx_int_t send_head_through(ngx_http_request_t* r) {
  const ngx_int_t outcome = ngx_http_send_header(r);
  const bool kept = !r->header_sent && next_head != nullptr;
  return outcome == NGX_OK && kept && !r->post_action ? next_head(r) : outcome;
}

ngx_int_t send_body_through(ngx_http_request_t* r, ngx_chain_t* chain) {
  if (next_body == nullptr) {
    return ngx_http_output_filter(r, chain);
  }
  if (chain == nullptr && r->connection->buffered == 0) {
    return NGX_OK;  // nothing to write is no fault: as in nginx's postpone filter
  }
  const ngx_int_t outcome = next_body(r, chain);
  if (outcome == NGX_ERROR) {
    r->connection->error = 1;  // as ngx_http_output_filter() does
  }
  return outcome;
}

}  // namespace notify
