#include "ngx_notify_module/request/return.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"

namespace notify {
namespace {

struct Reason {
  ngx_uint_t status;
  std::string_view words;
};

// What FastAPI says by itself; other statuses need a text.
constexpr std::array kReasons{
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{413, "Request Entity Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{429, "Too Many Requests"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
};

ngx_int_t answer(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  const ReturnConf::Answer& given = conf.get<ReturnConf>().all[index];
  const std::optional<std::string_view> text = evaluate(r, given.text);
  if (!text) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (given.status < NGX_HTTP_BAD_REQUEST) {
    return respond(r, given.status, kJson, *text);
  }
  const std::string allow =
      given.status == NGX_HTTP_NOT_ALLOWED ? conf.get<OperationsConf>().allow() : std::string();
  const Header header{"Allow", allow};
  return fail(r, given.status, *text, std::span(&header, allow.empty() ? 0 : 1));
}

// The fields are those of the other methods, where it is the method that is wrong.
ngx_int_t check_fields(ngx_http_request_t* r, const LocConf& conf, std::size_t index) {
  const bool by_method = conf.get<ReturnConf>().all[index].status == NGX_HTTP_NOT_ALLOWED;
  return by_method || conf.get<InputConf>().rules.empty() ? next_step(r)
                                                          : read_input(r, conf, index);
}

}  // namespace

// ---- notify_return ------------------------------------------------------------------------------

Result<void> ReturnConf::merge(const MergeScope& scope, const ReturnConf& parent) {
  if (scope.same_location) {
    all = parent.all;
  }
  return {};
}

Result<void> set_return(ngx_conf_t* cf, Words words, ReturnConf& conf) {
  const Result<std::uint64_t> status = parse_count(words[0]);
  if (!status || *status < 200 || *status > 599 || (*status > 299 && *status < 400)) {
    return bad_value(words[0]);
  }
  ngx_uint_t methods = kAnyMethod;
  if (const auto value = parameter(words.back(), "method")) {
    const Result<ngx_uint_t> parsed = parse_methods(*value);
    if (!parsed) {
      return parsed.error();
    }
    methods = *parsed;
    words = words.first(words.size() - 1);
  }
  if (words.size() > 2) {
    return bad_parameter(words[2]);
  }
  const auto* reason = std::find_if(kReasons.begin(), kReasons.end(),
                                    [&](const Reason& each) { return each.status == *status; });
  if (words.size() < 2 && reason == kReasons.end()) {
    return invalid("needs a text for status " + std::string(words[0]));
  }
  const Result<Template*> text = compile_template(cf, words.size() > 1 ? words[1] : reason->words);
  if (!text) {
    return text.error();
  }
  conf.all.push_back({*status, *text});
  return add_operation(
      cf, {"notify_return", methods, {&check_fields, &answer}, conf.all.size() - 1, {}, {}, true});
}

}  // namespace notify
