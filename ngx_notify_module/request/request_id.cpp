#include "ngx_notify_module/request/request_id.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/ngx/variable.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "shared/base/uuid.hpp"
#include "shared/model/request_id.hpp"

namespace notify {
namespace {

ngx_uint_t place(ngx_int_t index) { return static_cast<ngx_uint_t>(index); }

// What the client says, if it can be one.
std::string_view given_id(const ngx_http_request_t* r, const RequestIdConf& conf) {
  if (conf.header.empty()) {
    return {};
  }
  const HeaderValue header = find_header(r, conf.header);
  const bool right = header.value && !header.repeated &&
                     (conf.uuid ? is_uuid(*header.value) : is_request_id(*header.value));
  return right ? *header.value : std::string_view{};
}

// Our part of a line of the error log; nginx's follows. Nothing is found out here, and no memory
// taken: the line may be about memory that ran out.
u_char* write_id(ngx_http_request_t* r, ngx_http_request_t* current, u_char* buffer,
                 std::size_t size) noexcept {
  const RequestIdVariables& variables = main_conf<MainConf>(r)->request_id;
  const ngx_http_variable_value_t& id = r->variables[variables.own];
  if (id.valid != 0 && id.len > 0) {
    u_char* end = ngx_snprintf(buffer, size, ", request id: \"%*s\"", std::size_t{id.len}, id.data);
    size -= static_cast<std::size_t>(end - buffer);
    buffer = end;
  }
  return variables.next_log_handler(r, current, buffer, size);
}

bool concerns_us(const ngx_http_request_t* r, const LocConf& conf) {
  return conf.get<RequestIdConf>().said || conf.guarded || r->content_handler == kContentHandler;
}

}  // namespace

bool prepare_request_ids(ngx_conf_t* cf) {
  RequestIdVariables& variables = main_conf<MainConf>(cf)->request_id;
  ngx_str_t own = lit("notify_request_id");
  ngx_str_t nginx = lit("request_id");
  variables.own = ngx_http_get_variable_index(cf, &own);
  variables.nginx = ngx_http_get_variable_index(cf, &nginx);
  return variables.own != NGX_ERROR && variables.nginx != NGX_ERROR;
}

ngx_int_t begin_request_id(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  if (conf.get<RequestIdConf>().off || !concerns_us(r, conf)) {
    return NGX_DECLINED;
  }
  // The log asks the main request, whichever is being served.
  ngx_http_log_handler_pt& handler = r->main->log_handler;
  if (handler != &write_id && !request_id(r).empty()) {
    main_conf<MainConf>(r)->request_id.next_log_handler = handler;  // the same for all
    handler = &write_id;
  }
  return NGX_DECLINED;
}

std::string_view request_id(ngx_http_request_t* r) {
  const ngx_http_variable_value_t* value =
      ngx_http_get_indexed_variable(r, place(main_conf<MainConf>(r)->request_id.own));
  return value == nullptr || value->not_found != 0 ? std::string_view{}
                                                   : view(value->data, value->len);
}

void rename_request(ngx_http_request_t* r, std::string_view id) {
  if (!request_id(r).empty()) {
    set_copied(r->pool, r->variables[main_conf<MainConf>(r)->request_id.own], id);
  }
}

ngx_int_t get_request_id(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t) {
  const RequestIdVariables& variables = main_conf<MainConf>(r)->request_id;
  const RequestIdConf& conf = loc_conf<LocConf>(r)->get<RequestIdConf>();
  set_absent(*value);
  if (variables.own == NGX_ERROR || conf.off) {
    return NGX_OK;
  }
  const std::string_view given = given_id(r, conf);
  if (!given.empty()) {
    return set_copied(r->pool, *value, given);
  }
  const ngx_http_variable_value_t* own = ngx_http_get_indexed_variable(r, place(variables.nginx));
  if (own == nullptr || own->not_found != 0) {
    return own == nullptr ? NGX_ERROR : NGX_OK;
  }
  const std::string_view digits = view(own->data, own->len);
  return conf.uuid ? set_copied(r->pool, *value, uuid_of_hex(digits))
                   : set_copied(r->pool, *value, digits);
}

// ---- notify_request_id --------------------------------------------------------------------------

void RequestIdConf::merge(const RequestIdConf& parent) {
  if (!said) {
    *this = parent;
  }
}

Result<void> set_request_id(ngx_conf_t*, Words words, RequestIdConf& conf) {
  if (conf.said) {
    return is_duplicate();
  }
  conf.said = true;
  conf.off = words[0] == "off";
  conf.uuid = words[0] == "uuid";
  if (!conf.off && !conf.uuid && words[0] != "on") {
    return bad_value(words[0]);
  }
  for (const std::string_view word : words.subspan(1)) {
    if (const auto count = parameter(word, "beside"); count && !conf.off) {
      const Result<std::uint64_t> parsed = parse_count(*count);
      if (!parsed) {
        return bad_parameter(word);
      }
      conf.beside = *parsed;
      continue;
    }
    const auto value = parameter(word, "header");
    if (!value || conf.off) {
      return bad_parameter(word);
    }
    Result<std::string> name =
        value->empty() ? Result<std::string>(std::string()) : header_name(word, *value);
    if (!name) {
      return name.error();
    }
    conf.header = std::move(*name);
  }
  return {};
}

}  // namespace notify
