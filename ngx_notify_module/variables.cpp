#include "ngx_notify_module/variables.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/auth/member.hpp"
#include "ngx_notify_module/auth/member_token.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/ngx/variable.hpp"
#include "ngx_notify_module/publish/publish_batch.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/path.hpp"
#include "ngx_notify_module/request/request_id.hpp"
#include "shared/base/clock.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

std::string_view suffix(std::string_view prefix, std::uintptr_t data) {
  return view(*reinterpret_cast<const ngx_str_t*>(data)).substr(prefix.size());
}

// ---- values -------------------------------------------------------------------------------------

std::string_view stream(Context& context) { return context.stream; }
std::string_view subject(Context& context) { return context.subject; }
std::string_view member(Context& context) { return context.member; }
std::string_view entry_id(Context& context) { return context.entry_id; }
// As Redis takes it, too: without the sequence where that is 0.
std::string_view short_id(Context& context) {
  const std::string_view id = context.entry_id;
  return id.ends_with("-0") ? id.substr(0, id.size() - 2) : id;
}
std::string_view event_id(Context& context) { return context.event_id; }
std::string_view item(Context& context) { return context.item; }
std::string_view count(Context& context) { return context.count; }
std::string_view resume(Context& context) { return context.resume; }
std::string_view close_reason(Context& context) { return context.close_reason; }
std::string_view time(Context& context) {
  if (context.time.empty()) {
    context.time = format_iso8601_utc(unix_us());
  }
  return context.time;
}

std::string_view time_utc(Context& context) {
  if (context.time_utc.empty()) {
    constexpr std::string_view kOffset = "+00:00";
    context.time_utc = time(context);
    context.time_utc.replace(context.time_utc.size() - kOffset.size(), kOffset.size(), "Z");
  }
  return context.time_utc;
}
std::string_view body(Context& context) { return trim(context.body); }

// Copied, since the context's own strings may change.
template <auto kValue>
ngx_int_t get_member(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t) {
  Context* context = find_context(r);
  const std::string_view text = context == nullptr ? std::string_view{} : kValue(*context);
  return text.empty() ? set_absent(*value) : set_copied(r->pool, *value, text);
}

constexpr std::string_view kClaim = "notify_claim_";
constexpr std::string_view kField = "notify_field_";
constexpr std::string_view kRaw = "notify_json_";
constexpr std::string_view kPath = "notify_path_";
constexpr std::string_view kQuoted = "notify_quoted_";

ngx_int_t get_claim(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const Context* context = find_context(r);
  if (context == nullptr || !context->claims) {
    return set_absent(*value);
  }
  const std::string_view name = suffix(kClaim, data);
  std::optional<std::string> text = context->claims->text(name);
  if (!text) {
    text = context->claims->raw(name);
  }
  return text ? set_copied(r->pool, *value, *text) : set_absent(*value);
}

const FieldValue* find_field(ngx_http_request_t* r, std::string_view name) {
  const Context* context = find_context(r);
  if (context == nullptr || context->input == nullptr) {
    return nullptr;
  }
  const FieldRule* rule = context->rules->find_variable(name);
  return rule == nullptr ? nullptr : &context->input->values[context->rules->index(*rule)];
}

ngx_int_t get_field(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const FieldValue* field = find_field(r, suffix(kField, data));
  return field == nullptr ? set_absent(*value) : set_borrowed(*value, field->text);
}

ngx_int_t get_raw(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const FieldValue* field = find_field(r, suffix(kRaw, data));
  if (field == nullptr) {
    return set_absent(*value);
  }
  return set_borrowed(*value, field->raw.empty() ? "null" : std::string_view(field->raw));
}

ngx_int_t get_path(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const auto name = path_name(r, suffix(kPath, data));
  return name ? set_copied(r->pool, *value, *name) : set_absent(*value);
}

ngx_int_t get_quoted(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const auto name = path_name(r, suffix(kQuoted, data));
  return name ? set_copied(r->pool, *value, json::quoted(*name)) : set_absent(*value);
}

// ---- what a location can have -------------------------------------------------------------------

// Why not; empty: it can.
using Missing = std::string (*)(LocConf& conf, const WrittenTemplate& written,
                                std::string_view name);

bool authenticates_by(const LocConf& conf, AuthMethod method) {
  const std::vector<AuthMethod>& methods = *conf.get<AuthConf>().methods;
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

std::string no_claim(LocConf& conf, const WrittenTemplate&, std::string_view name) {
  return authenticates_by(conf, AuthMethod::kJwt)
             ? ""
             : "no \"notify_auth jwt\" proves a claim \"" + std::string(name) + "\"";
}

std::string no_subject(LocConf& conf, const WrittenTemplate&, std::string_view) {
  const bool named = authenticates_by(conf, AuthMethod::kJwt) ||
                     authenticates_by(conf, AuthMethod::kKey) ||
                     conf.get<MemberTokenConf>().user != nullptr;
  return named ? ""
               : "neither \"notify_auth jwt\" or \"key\" nor \"notify_member_token\" says who "
                 "asks";
}

std::string no_member(LocConf& conf, const WrittenTemplate&, std::string_view) {
  return conf.get<MemberConf>().hash != nullptr ? "" : "there is no \"notify_member\"";
}

std::string no_item(LocConf& conf, const WrittenTemplate&, std::string_view) {
  return conf.get<BatchPublishConf>().key != nullptr ? "" : "there is no \"notify_publish_batch\"";
}

std::string no_name(LocConf& conf, const WrittenTemplate&, std::string_view name) {
  const PathConf& path = conf.get<PathConf>();
  return path.rule && path.rule->pattern.find(name)
             ? ""
             : "no name in \"notify_path\" is \"" + std::string(name) + "\"";
}

std::string no_field(LocConf& conf, const WrittenTemplate& written, std::string_view name) {
  const auto& all = conf.get<OperationsConf>().all;
  const bool own = std::any_of(all.begin(), all.end(), [&](const Operation& each) {
    return each.directive == written.directive;
  });
  const bool read = std::any_of(all.begin(), all.end(), [&](const Operation& each) {
    return (each.only_refuses || each.has(&read_input)) &&
           (!own || each.directive == written.directive);
  });
  if (conf.get<InputConf>().find(name) == nullptr) {
    return "no \"notify_field\" is named \"" + std::string(name) + "\"";
  }
  return read ? "" : "fields of the request are not read there: a part of its query is $arg_NAME";
}

std::string no_text(LocConf& conf, const WrittenTemplate& written, std::string_view name) {
  std::string missing = no_field(conf, written, name);
  if (missing.empty()) {
    conf.get<InputConf>().find(name)->as_text = true;
  }
  return missing;
}

// ---- table --------------------------------------------------------------------------------------

struct Variable {
  std::string_view name;
  ngx_http_get_variable_pt get;
  bool prefix = false;
  // By nginx: the first value counts. Not where more may be known in a later phase.
  bool cached = false;
  Missing missing = nullptr;  // null: every location can have it
};

constexpr std::array kVariables{
    Variable{"notify_request_id", entry_or<&get_request_id, NGX_ERROR>, false, true},
    Variable{"notify_stream", entry_or<&get_member<&stream>, NGX_ERROR>},
    Variable{"notify_subject", entry_or<&get_member<&subject>, NGX_ERROR>, false, false,
             &no_subject},
    Variable{"notify_member", entry_or<&get_member<&member>, NGX_ERROR>, false, false, &no_member},
    Variable{"notify_entry_id", entry_or<&get_member<&entry_id>, NGX_ERROR>},
    Variable{"notify_short_id", entry_or<&get_member<&short_id>, NGX_ERROR>},
    Variable{"notify_event_id", entry_or<&get_member<&event_id>, NGX_ERROR>},
    Variable{"notify_item", entry_or<&get_member<&item>, NGX_ERROR>, false, false, &no_item},
    Variable{"notify_count", entry_or<&get_member<&count>, NGX_ERROR>},
    Variable{"notify_time", entry_or<&get_member<&time>, NGX_ERROR>},
    Variable{"notify_time_utc", entry_or<&get_member<&time_utc>, NGX_ERROR>},
    Variable{"notify_body", entry_or<&get_member<&body>, NGX_ERROR>},
    Variable{"notify_resume", entry_or<&get_member<&resume>, NGX_ERROR>},
    Variable{"notify_close_reason", entry_or<&get_member<&close_reason>, NGX_ERROR>},
    Variable{kClaim, entry_or<&get_claim, NGX_ERROR>, true, false, &no_claim},
    Variable{kField, entry_or<&get_field, NGX_ERROR>, true, false, &no_text},
    Variable{kRaw, entry_or<&get_raw, NGX_ERROR>, true, false, &no_field},
    Variable{kPath, entry_or<&get_path, NGX_ERROR>, true, false, &no_name},
    Variable{kQuoted, entry_or<&get_quoted, NGX_ERROR>, true, false, &no_name},
};

// The row of $NAME, and what follows its prefix.
std::pair<const Variable*, std::string_view> find_row(std::string_view name) {
  for (const Variable& each : kVariables) {
    if (each.prefix ? name.starts_with(each.name) : name == each.name) {
      return {&each, name.substr(each.name.size())};
    }
  }
  return {nullptr, {}};
}

bool is_evaluated(const LocConf& conf, const WrittenTemplate& written) {
  const auto& all = conf.get<OperationsConf>().all;
  const bool guards =
      written.directive == "notify_member" || written.directive == "notify_member_token";
  if (all.empty()) {
    return guards && !written.inherited;
  }
  return guards || !written.inherited ||
         std::any_of(all.begin(), all.end(), [&](const Operation& each) {
           return each.directive == written.directive ||
                  std::find(each.refined_by.begin(), each.refined_by.end(), written.directive) !=
                      each.refined_by.end();
         });
}

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) {
  for (const Variable& each : kVariables) {
    ngx_str_t name = borrow(each.name);
    ngx_http_variable_t* variable = ngx_http_add_variable(
        cf, &name,
        (each.cached ? 0U : NGX_HTTP_VAR_NOCACHEABLE) | (each.prefix ? NGX_HTTP_VAR_PREFIX : 0U));
    if (variable == nullptr) {
      return NGX_ERROR;
    }
    variable->get_handler = each.get;
  }
  return NGX_OK;
}

Result<void> check_templates(const MergeScope& scope) {
  LocConf& conf = *scope.conf;
  if (scope.may_complete) {
    return {};
  }
  for (const WrittenTemplate& each : conf.templates) {
    if (!is_evaluated(conf, each)) {
      continue;
    }
    for (const TemplateVariable& variable : each.value->variables) {
      const auto [row, name] = find_row(variable.capture ? "" : variable.name);
      const std::string missing =
          row == nullptr || row->missing == nullptr ? "" : row->missing(conf, each, name);
      if (!missing.empty()) {
        return invalid("\"" + std::string(each.directive) + " " +
                       std::string(view(each.value->value)) + "\": " + missing);
      }
    }
  }
  return {};
}

}  // namespace notify
