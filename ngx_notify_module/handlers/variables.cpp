#include "ngx_notify_module/handlers/variables.hpp"

#include <array>
#include <optional>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/path.hpp"
#include "ngx_notify_module/handlers/request_id.hpp"
#include "ngx_notify_module/ngx/variable.hpp"
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

// ---- table --------------------------------------------------------------------------------------

struct Variable {
  std::string_view name;
  ngx_http_get_variable_pt get;
  bool prefix = false;
  // By nginx: the first value counts. Not where more may be known in a later phase.
  bool cached = false;
};

constexpr std::array kVariables{
    Variable{"notify_request_id", entry_or<&get_request_id, NGX_ERROR>, false, true},
    Variable{"notify_stream", entry_or<&get_member<&stream>, NGX_ERROR>},
    Variable{"notify_subject", entry_or<&get_member<&subject>, NGX_ERROR>},
    Variable{"notify_member", entry_or<&get_member<&member>, NGX_ERROR>},
    Variable{"notify_entry_id", entry_or<&get_member<&entry_id>, NGX_ERROR>},
    Variable{"notify_short_id", entry_or<&get_member<&short_id>, NGX_ERROR>},
    Variable{"notify_event_id", entry_or<&get_member<&event_id>, NGX_ERROR>},
    Variable{"notify_item", entry_or<&get_member<&item>, NGX_ERROR>},
    Variable{"notify_count", entry_or<&get_member<&count>, NGX_ERROR>},
    Variable{"notify_time", entry_or<&get_member<&time>, NGX_ERROR>},
    Variable{"notify_time_utc", entry_or<&get_member<&time_utc>, NGX_ERROR>},
    Variable{"notify_body", entry_or<&get_member<&body>, NGX_ERROR>},
    Variable{"notify_resume", entry_or<&get_member<&resume>, NGX_ERROR>},
    Variable{"notify_close_reason", entry_or<&get_member<&close_reason>, NGX_ERROR>},
    Variable{kClaim, entry_or<&get_claim, NGX_ERROR>, true},
    Variable{kField, entry_or<&get_field, NGX_ERROR>, true},
    Variable{kRaw, entry_or<&get_raw, NGX_ERROR>, true},
    Variable{kPath, entry_or<&get_path, NGX_ERROR>, true},
    Variable{kQuoted, entry_or<&get_quoted, NGX_ERROR>, true},
};

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

}  // namespace notify
