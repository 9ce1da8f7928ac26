#include "ngx_notify_module/handlers/variables.hpp"

#include <array>
#include <optional>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "shared/base/clock.hpp"

namespace notify {
namespace {

// Text that lives in the request's context for as long as the request does, or a new one to copy.
using Text = std::optional<std::string_view>;

std::string_view suffix(std::string_view prefix, std::uintptr_t data) {
  return view(*reinterpret_cast<const ngx_str_t*>(data)).substr(prefix.size());
}

ngx_int_t set_absent(ngx_http_variable_value_t* value) {
  *value = {};
  value->not_found = 1;
  return NGX_OK;
}

// A variable may be asked for in phases when more is known than when it was asked for first: none
// is cached by nginx. Those that point into the context's own strings are copied, since these may
// change.
ngx_int_t set_text(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::string_view text,
                   bool copy) {
  ngx_str_t bytes = copy ? to_pool(r->pool, text) : borrow(text);
  if (bytes.data == nullptr && bytes.len > 0) {
    return NGX_ERROR;
  }
  *value = {};
  value->valid = 1;
  value->no_cacheable = 1;
  value->len = static_cast<unsigned>(bytes.len) & 0x0fffffffU;
  value->data = bytes.data;
  return NGX_OK;
}

// ---- values -------------------------------------------------------------------------------------

std::string_view stream(Context& context) { return context.stream; }
std::string_view subject(Context& context) { return context.subject; }
std::string_view entry_id(Context& context) { return context.entry_id; }
std::string_view event_id(Context& context) { return context.event_id; }
std::string_view resume(Context& context) { return context.resume; }
std::string_view close_reason(Context& context) { return context.close_reason; }
std::string_view time(Context& context) {
  if (context.time.empty()) {
    context.time = format_iso8601_utc(unix_us());
  }
  return context.time;
}

template <auto kValue>
ngx_int_t get_member(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t) {
  Context* context = find_context(r);
  const std::string_view text = context == nullptr ? std::string_view{} : kValue(*context);
  return text.empty() ? set_absent(value) : set_text(r, value, text, true);
}

constexpr std::string_view kClaim = "notify_claim_";
constexpr std::string_view kField = "notify_field_";
constexpr std::string_view kRaw = "notify_json_";

ngx_int_t get_claim(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const Context* context = find_context(r);
  if (context == nullptr || !context->claims) {
    return set_absent(value);
  }
  const std::string_view name = suffix(kClaim, data);
  std::optional<std::string> text = context->claims->text(name);
  if (!text) {
    text = context->claims->raw(name);
  }
  return text ? set_text(r, value, *text, true) : set_absent(value);
}

const FieldValue* find_field(ngx_http_request_t* r, std::string_view name) {
  const Context* context = find_context(r);
  if (context == nullptr || context->input == nullptr) {
    return nullptr;
  }
  const FieldRule* rule = context->rules->find(name);
  return rule == nullptr ? nullptr : &context->input->values[context->rules->index(*rule)];
}

ngx_int_t get_field(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const FieldValue* field = find_field(r, suffix(kField, data));
  return field == nullptr ? set_absent(value) : set_text(r, value, field->text, false);
}

ngx_int_t get_raw(ngx_http_request_t* r, ngx_http_variable_value_t* value, std::uintptr_t data) {
  const FieldValue* field = find_field(r, suffix(kRaw, data));
  if (field == nullptr) {
    return set_absent(value);
  }
  return set_text(r, value, field->raw.empty() ? "null" : std::string_view(field->raw), false);
}

// ---- table --------------------------------------------------------------------------------------

struct Variable {
  std::string_view name;
  ngx_http_get_variable_pt get;
  bool prefix = false;
};

constexpr std::array kVariables{
    Variable{"notify_stream", entry_or<&get_member<&stream>, NGX_ERROR>},
    Variable{"notify_subject", entry_or<&get_member<&subject>, NGX_ERROR>},
    Variable{"notify_entry_id", entry_or<&get_member<&entry_id>, NGX_ERROR>},
    Variable{"notify_event_id", entry_or<&get_member<&event_id>, NGX_ERROR>},
    Variable{"notify_time", entry_or<&get_member<&time>, NGX_ERROR>},
    Variable{"notify_resume", entry_or<&get_member<&resume>, NGX_ERROR>},
    Variable{"notify_close_reason", entry_or<&get_member<&close_reason>, NGX_ERROR>},
    Variable{kClaim, entry_or<&get_claim, NGX_ERROR>, true},
    Variable{kField, entry_or<&get_field, NGX_ERROR>, true},
    Variable{kRaw, entry_or<&get_raw, NGX_ERROR>, true},
};

}  // namespace

ngx_int_t add_variables(ngx_conf_t* cf) {
  for (const Variable& each : kVariables) {
    ngx_str_t name = borrow(each.name);
    ngx_http_variable_t* variable = ngx_http_add_variable(
        cf, &name, NGX_HTTP_VAR_NOCACHEABLE | (each.prefix ? NGX_HTTP_VAR_PREFIX : 0U));
    if (variable == nullptr) {
      return NGX_ERROR;
    }
    variable->get_handler = each.get;
  }
  return NGX_OK;
}

}  // namespace notify
