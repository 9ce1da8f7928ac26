#pragma once

// Words of directives that may hold nginx's variables.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"

namespace notify {

// One of a template's variables: nginx knows it by its place, or it is a capture of the location's
// regular expression ($1).
struct TemplateVariable {
  std::string_view name;
  ngx_uint_t place = 0;  // the index of a variable, the number of a capture
  bool capture = false;
};

// Text that may hold nginx's variables. Lives in the configuration's pool.
struct Template : ngx_http_complex_value_t {
  std::span<const TemplateVariable> variables;
};

// Of the directive that is being read: it is noted in the location, which checks what it names
// (variables.hpp). Of an unknown variable nginx tells by itself, once all of the configuration is
// read.
Result<Template*> compile_template(ngx_conf_t* cf, std::string_view word);
// The first of its variables that has no text in this request. Null: all have one.
const TemplateVariable* empty_variable(ngx_http_request_t* r, const Template& value);
// In the request's pool. nullopt: out of memory.
std::optional<std::string_view> evaluate(ngx_http_request_t* r, Template* value);

// The names NAME of its variables PREFIX_NAME ($notify_field_NAME, $notify_json_NAME).
std::vector<std::string_view> names_in(const Template& value, std::string_view prefix);

bool is_variable_char(char c);

}  // namespace notify
