#include "ngx_notify_module/auth/origin.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "shared/base/origin.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error foreign() {
  return {ErrorKind::kForbidden,
          "Pages of other origins are not served here: notify_origin lists those that are"};
}

// What a browser says where it says no origin (Fetch Metadata). Other programs say nothing.
bool is_cross_site(const ngx_http_request_t* r) {
  const HeaderValue site = find_header(r, "sec-fetch-site");
  return site.value &&
         (site.repeated || !(iequals(*site.value, "same-origin") ||
                             iequals(*site.value, "same-site") || iequals(*site.value, "none")));
}

// The owner of a name may have it lead here once his page is loaded (DNS rebinding): then the
// page's origin and the request's host are equal, and neither is ours. Nobody else can do so to an
// address, to localhost, or to the name that server_name says.
bool is_own_name(ngx_http_request_t* r) {
  const auto* server = static_cast<const ngx_http_core_srv_conf_t*>(
      ngx_http_get_module_srv_conf(r, ngx_http_core_module));
  const std::string_view host = view(r->headers_in.server);
  return origin::is_fixed_host(host) || (!host.empty() && iequals(host, view(server->server_name)));
}

}  // namespace

Result<void> check_origin(ngx_http_request_t* r, const OriginConf::Rule& rule) {
  if (rule.any) {
    return {};
  }
  const HeaderValue header = find_header(r, "origin");
  if (!header.value) {
    // A browser says no origin with a GET of its own accord, such as a picture's or a link's.
    return is_cross_site(r) ? Result<void>(foreign()) : Result<void>();
  }
  const std::optional<std::string> page =
      header.repeated ? std::nullopt : origin::parse(*header.value);
  if (!page) {
    return foreign();
  }
  const ngx_table_elt_t* host = r->headers_in.host;
  const bool own = host != nullptr && origin::is_host(*page, view(host->value)) &&
                   (!rule.local || is_own_name(r));
  const bool listed = std::find(rule.listed.begin(), rule.listed.end(), *page) != rule.listed.end();
  return own || listed ? Result<void>() : Result<void>(foreign());
}

void OriginConf::merge(const OriginConf& parent) { inherit(rule, parent.rule, Rule{}); }

Result<void> set_origin(ngx_conf_t* cf, Words words, OriginConf& conf) {
  if (conf.rule) {
    return is_duplicate();
  }
  OriginConf::Rule origin;
  origin.any = words[0] == "any";
  origin.local = words[0] == "local";
  if (!origin.any && !origin.local && words[0] != "same") {
    return bad_value(words[0]);
  }
  if (origin.any && words.size() > 1) {
    return bad_value(words[1]);
  }
  for (const std::string_view word : words.subspan(1)) {
    std::optional<std::string> listed = origin::parse(word);
    if (!listed) {
      return bad_value(word);
    }
    origin.listed.push_back(std::move(*listed));
  }
  MainConf& main = *main_conf<MainConf>(cf);
  main.guards = main.guards || !origin.any;
  conf.rule = std::move(origin);
  return {};
}

}  // namespace notify
