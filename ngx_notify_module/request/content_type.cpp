#include "ngx_notify_module/request/content_type.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "shared/base/text.hpp"

namespace notify {

bool content_type_matches(const ngx_http_request_t* r, const ContentTypeConf& conf) {
  constexpr ngx_uint_t kWithBody = NGX_HTTP_POST | NGX_HTTP_PUT | NGX_HTTP_PATCH;
  if (!conf.types || conf.types->empty() || (r->method & kWithBody) == 0) {
    return true;
  }
  const HeaderValue header = find_header(r, "content-type");
  if (!header.value) {
    // A script need not say what it knows (RFC 9110, 8.3). A page can have its browser leave it
    // out.
    return !find_header(r, "origin").value && !find_header(r, "sec-fetch-site").value;
  }
  const std::string_view value = header.repeated ? "" : *header.value;
  const std::string type = to_lower(trim(value.substr(0, value.find(';'))));
  return std::find(conf.types->begin(), conf.types->end(), type) != conf.types->end();
}

ngx_int_t refuse_content_type(ngx_http_request_t* r, const ContentTypeConf& conf) {
  std::string types;
  for (const std::string& type : *conf.types) {
    types.append(types.empty() ? "" : ", ").append(type);
  }
  const Header headers[] = {{"Accept", types}};  // RFC 9110, 15.5.16
  return fail(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be " + types, headers);
}

// ---- notify_content_type ------------------------------------------------------------------------

void ContentTypeConf::merge(const ContentTypeConf& parent) {
  if (!types) {
    types = parent.types;
  }
}

Result<void> set_content_type(ngx_conf_t*, Words words, ContentTypeConf& conf) {
  if (conf.types) {
    return is_duplicate();
  }
  std::vector<std::string> types;
  for (const std::string_view word : words) {
    if (word == "any" && words.size() == 1) {
      continue;
    }
    const std::size_t slash = word.find('/');
    if (slash == 0 || slash >= word.size() - 1 ||
        word.find_first_of("/;, \t*", slash + 1) != std::string_view::npos) {
      return bad_value(word);
    }
    types.push_back(to_lower(word));
  }
  conf.types = std::move(types);
  return {};
}

}  // namespace notify
