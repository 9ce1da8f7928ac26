#include "ngx_notify_module/request/cors.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/ngx/response_header.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "shared/base/text.hpp"

namespace notify {

struct CorsPolicy {
  bool any = false;                  // pages of every origin
  std::vector<std::string> origins;  // or of these; in lower case
  bool always = false;               // says so also where nobody asks
  bool credentials = false;
  bool private_network = false;
  std::string methods;               // empty: those that the location's operations serve
  std::vector<std::string> headers;  // that a page may send; none: whatever it asks for
  std::string expose = "X-Request-ID, X-History-Next, Retry-After, Idempotent-Replayed";
  std::string max_age = "600";

  [[nodiscard]] bool allows(std::string_view origin) const;
};

namespace {

constexpr std::size_t kMaxHeaders = 1024;  // bytes of the list that a browser asks for

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

// A list's items, without blanks; those that are empty do not count (RFC 9110, 5.6.1.2).
std::vector<std::string_view> items(std::string_view list) {
  std::vector<std::string_view> found;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = trim(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!item.empty()) {
      found.push_back(item);
    }
  }
  return found;
}

bool are_tokens(const std::vector<std::string_view>& names) {
  return std::all_of(names.begin(), names.end(), [](std::string_view name) {
    return std::all_of(name.begin(), name.end(), is_token_char);
  });
}

std::string joined(const auto& names) {
  std::string out;
  for (const auto& name : names) {
    out.append(out.empty() ? "" : ", ").append(name);
  }
  return out;
}

// The header, if it is there once. Empty: it is not.
std::string_view once(const ngx_http_request_t* r, std::string_view name) {
  const HeaderValue header = find_header(r, name);
  return header.repeated ? std::string_view() : header.value.value_or("");
}

std::string methods_of(const LocConf& conf) {
  const std::string own = conf.get<OperationsConf>().allow();
  if (!conf.get<CorsConf>().policy->methods.empty()) {
    return conf.get<CorsConf>().policy->methods;
  }
  return own.empty() ? "GET, HEAD, POST" : own;  // what a page may send unasked
}

struct AskedHeaders {
  bool allowed = false;
  std::string list;  // for the answer; empty: nothing to say
};

AskedHeaders asked_headers(const ngx_http_request_t* r, const CorsPolicy& policy) {
  const HeaderValue header = find_header(r, "access-control-request-headers");
  const std::string_view text = header.value.value_or("");
  const std::vector<std::string_view> asked = items(text);
  if (header.repeated || text.size() > kMaxHeaders || !are_tokens(asked)) {
    return {};
  }
  if (policy.headers.empty()) {
    return {true, joined(asked)};
  }
  const bool all = std::all_of(asked.begin(), asked.end(), [&](std::string_view name) {
    return std::any_of(policy.headers.begin(), policy.headers.end(),
                       [&](const std::string& known) { return iequals(known, name); });
  });
  return {all, joined(policy.headers)};
}

ngx_int_t preflight(ngx_http_request_t* r, const LocConf& conf, std::string_view method) {
  const CorsPolicy& policy = *conf.get<CorsConf>().policy;
  const std::string methods = methods_of(conf);
  const AskedHeaders asked = asked_headers(r, policy);
  const std::vector<std::string_view> known = items(methods);
  std::string_view problem;
  if (!policy.allows(once(r, "origin"))) {
    problem = "Disallowed CORS origin";
  } else if (std::find(known.begin(), known.end(), method) == known.end()) {
    problem = "Disallowed CORS method";
  } else if (!asked.allowed) {
    problem = "Disallowed CORS headers";
  }
  std::vector<Header> headers{{"Access-Control-Allow-Methods", methods},
                              {"Access-Control-Max-Age", policy.max_age},
                              {"Vary", "Access-Control-Request-Headers"}};
  if (problem.empty() && !asked.list.empty()) {
    headers.push_back({"Access-Control-Allow-Headers", asked.list});
  }
  if (problem.empty() && policy.private_network &&
      once(r, "access-control-request-private-network") == "true") {
    headers.push_back({"Access-Control-Allow-Private-Network", "true"});
  }
  return respond(r, problem.empty() ? NGX_HTTP_OK : NGX_HTTP_BAD_REQUEST, kPlainText,
                 problem.empty() ? "OK" : problem, headers);
}

// Both live as long as the request: a literal, its configuration's text, or a header that it sent.
bool add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  return add_response_header(r, borrow(name), borrow(value)) != nullptr;
}

// What an upstream or add_header says of it does not count beside this directive: a browser refuses
// an answer that says it twice.
void remove_others(ngx_http_request_t* r) {
  constexpr std::string_view kOurs[] = {"Access-Control-Allow-Origin",
                                        "Access-Control-Allow-Credentials",
                                        "Access-Control-Expose-Headers"};
  for (ngx_list_part_t* part = &r->headers_out.headers.part; part != nullptr; part = part->next) {
    auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      for (const std::string_view name : kOurs) {
        headers[i].hash = iequals(view(headers[i].key), name) ? 0 : headers[i].hash;
      }
    }
  }
}

}  // namespace

bool CorsPolicy::allows(std::string_view origin) const {
  return !origin.empty() &&
         (any || std::any_of(origins.begin(), origins.end(),
                             [&](const std::string& each) { return iequals(each, origin); }));
}

ngx_int_t answer_preflight(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  if (conf.get<CorsConf>().policy == nullptr || r != r->main || r->method != NGX_HTTP_OPTIONS) {
    return NGX_DECLINED;
  }
  const std::string_view method = once(r, "access-control-request-method");
  if (method.empty() || once(r, "origin").empty()) {
    return NGX_DECLINED;
  }
  ngx_http_finalize_request(r, preflight(r, conf, method));
  return NGX_DONE;
}

ngx_int_t add_cors_headers(ngx_http_request_t* r) {
  const CorsPolicy* policy = loc_conf<LocConf>(r)->get<CorsConf>().policy.get();
  if (policy == nullptr || r != r->main || r->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS) {
    return NGX_OK;
  }
  remove_others(r);
  const std::string_view origin = once(r, "origin");
  bool added = policy->always || add_header(r, "Vary", "Origin");
  if (policy->always || policy->allows(origin)) {
    added = added && add_header(r, "Access-Control-Allow-Origin",
                                policy->any && !policy->credentials ? "*" : origin);
    added = added &&
            (!policy->credentials || add_header(r, "Access-Control-Allow-Credentials", "true"));
    added = added && (policy->expose.empty() ||
                      add_header(r, "Access-Control-Expose-Headers", policy->expose));
  }
  return added ? NGX_OK : NGX_ERROR;
}

// ---- notify_cors --------------------------------------------------------------------------------

namespace {

// scheme://host[:port], and nothing behind it.
bool is_origin(std::string_view word) {
  const std::size_t end = word.find("://");
  const std::string_view host = end == std::string_view::npos ? "" : word.substr(end + 3);
  return end > 0 && !host.empty() && host.find_first_of("/?#@, \t*") == std::string_view::npos;
}

// false: the value is none. nullopt: another parameter.
std::optional<bool> read_parameter(std::string_view word, CorsPolicy& policy) {
  for (const auto& [name, place] :
       {std::pair{"methods", &policy.methods}, std::pair{"expose", &policy.expose}}) {
    if (const auto value = parameter(word, name)) {
      const auto names = items(*value);
      *place = joined(names);
      return are_tokens(names) && (!names.empty() || place == &policy.expose);
    }
  }
  if (const auto value = parameter(word, "headers")) {
    const auto names = items(*value);
    policy.headers.assign(names.begin(), names.end());
    return are_tokens(names) && !names.empty();
  }
  if (const auto value = parameter(word, "max_age")) {
    const Result<ngx_msec_t> time = parse_time(*value);
    policy.max_age = time ? std::to_string(*time / 1000) : "";
    return time.ok();
  }
  return std::nullopt;
}

}  // namespace

void CorsConf::merge(const CorsConf& parent) {
  if (!said) {
    *this = parent;
  }
}

Result<void> set_cors(ngx_conf_t* cf, Words words, CorsConf& conf) {
  if (conf.said) {
    return is_duplicate();
  }
  conf.said = true;
  if (words.size() == 1 && words[0] == "off") {
    return {};
  }
  auto policy = std::make_shared<CorsPolicy>();
  for (const std::string_view word : words) {
    if (const std::optional<bool> right = read_parameter(word, *policy)) {
      if (!*right) {
        return bad_parameter(word);
      }
    } else if (word == "*") {
      policy->any = true;
    } else if (word == "always") {
      policy->always = true;
    } else if (word == "credentials") {
      policy->credentials = true;
    } else if (word == "private_network") {
      policy->private_network = true;
    } else if (is_origin(word)) {
      policy->origins.push_back(to_lower(word));
    } else {
      return bad_value(word);
    }
  }
  if (!policy->any && policy->origins.empty()) {
    return invalid("needs an origin, such as https://app.example.org, or *");
  }
  if (policy->any && (policy->credentials || !policy->origins.empty())) {
    return invalid(
        "conflicts with itself: * is every origin, and needs neither others nor "
        "\"credentials\"");
  }
  if (policy->always && !policy->any) {
    return invalid("needs * for \"always\"");
  }
  conf.policy = std::move(policy);
  main_conf<MainConf>(cf)->guards = true;
  return {};
}

}  // namespace notify
