#include "ngx_notify_module/auth/origin.hpp"

#include <algorithm>

#include "ngx_notify_module/auth/headers.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/wire/origin.hpp"

namespace notify {
namespace {

Error foreign() {
  return {ErrorKind::kForbidden,
          "Pages of other origins are not served here: notify_origin lists those that are"};
}

}  // namespace

Result<void> check_origin(ngx_http_request_t* r, const OriginConf& conf) {
  if (conf.any) {
    return {};
  }
  const HeaderValue header = find_header(r, "origin");
  if (!header.value) {
    // A browser says no origin with a GET of its own accord, such as a picture's or a link's. Then
    // it says at least where the page stands (Fetch Metadata); other programs say neither.
    const HeaderValue site = find_header(r, "sec-fetch-site");
    return site.value == "cross-site" ? Result<void>(foreign()) : Result<void>();
  }
  const std::optional<std::string> page =
      header.repeated ? std::nullopt : origin::parse(*header.value);
  if (!page) {
    return foreign();
  }
  const ngx_table_elt_t* host = r->headers_in.host;
  const bool own = host != nullptr && origin::is_host(*page, view(host->value));
  const bool listed = std::find(conf.listed.begin(), conf.listed.end(), *page) != conf.listed.end();
  return own || listed ? Result<void>() : Result<void>(foreign());
}

Result<void> set_origin(ngx_conf_t* cf, Words words, LocConf& conf) {
  if (conf.auth.origin) {
    return is_duplicate();
  }
  OriginConf origin;
  origin.any = words[0] == "any";
  if (!origin.any && words[0] != "same") {
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
  conf.auth.origin = std::move(origin);
  return {};
}

}  // namespace notify
