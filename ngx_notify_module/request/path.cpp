#include "ngx_notify_module/request/path.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/respond.hpp"

namespace notify {

namespace {

using Names = std::optional<std::vector<std::string>>;

// What the pattern makes of the path; found out once, though two phases and each variable ask.
// `own` is where it stands for a request that is not ours.
const Names& names_of(ngx_http_request_t* r, const PathConf::Rule& rule, Names& own) {
  Context* context = find_context(r);
  if (context == nullptr) {
    return own = rule.pattern.match(view(r->unparsed_uri));
  }
  if (context->path_pattern !=
      &rule.pattern) {  // an internal redirect may have brought another one
    context->path_names = rule.pattern.match(view(r->unparsed_uri));
    context->path_pattern = &rule.pattern;
  }
  return context->path_names;
}

}  // namespace

bool path_matches(ngx_http_request_t* r) {
  const PathConf& conf = loc_conf<LocConf>(r)->get<PathConf>();
  if (!conf.rule) {
    return true;
  }
  ensure_context(r);
  Names own;
  return names_of(r, *conf.rule, own).has_value();
}

ngx_int_t refuse_path(ngx_http_request_t* r) {
  return fail(r, NGX_HTTP_NOT_FOUND, loc_conf<LocConf>(r)->get<PathConf>().rule->refusal);
}

std::optional<std::string> path_name(ngx_http_request_t* r, std::string_view name) {
  const PathConf& conf = loc_conf<LocConf>(r)->get<PathConf>();
  const auto place = conf.rule ? conf.rule->pattern.find(name) : std::nullopt;
  if (!place) {
    return std::nullopt;
  }
  Names own;
  const Names& names = names_of(r, *conf.rule, own);
  return names ? std::optional((*names)[*place]) : std::nullopt;
}

// ---- notify_path --------------------------------------------------------------------------------

void PathConf::merge(const PathConf& parent) {
  if (!rule) {
    rule = parent.rule;
  }
}

Result<void> set_path(ngx_conf_t*, Words words, PathConf& conf) {
  auto slashes = PathPattern::Slashes::kInNames;
  if (const auto value = parameter(words.back(), "slashes"); value && words.size() > 1) {
    if (*value != "on" && *value != "off") {
      return bad_parameter(words.back());
    }
    slashes = *value == "on" ? PathPattern::Slashes::kInNames : PathPattern::Slashes::kNone;
    words = words.first(words.size() - 1);
  }
  if (words.size() > 2) {
    return bad_parameter(words[2]);
  }
  Result<PathPattern> pattern = PathPattern::parse(words[0], slashes);
  if (!pattern) {
    return pattern.error();
  }
  if (conf.rule) {
    return is_duplicate();
  }
  conf.rule =
      PathConf::Rule{std::move(*pattern), std::string(words.size() > 1 ? words[1] : "Not Found")};
  return {};
}

}  // namespace notify
