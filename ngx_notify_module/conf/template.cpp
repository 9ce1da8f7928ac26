#include "ngx_notify_module/conf/template.hpp"

#include <cstring>
#include <memory>

#include "ngx_notify_module/conf/loc_conf.hpp"

namespace notify {

bool is_variable_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

namespace {

// As ngx_http_script_compile() reads them: $name, ${name}, and one digit for a capture.
std::vector<TemplateVariable> read_variables(std::string_view text) {
  std::vector<TemplateVariable> found;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    at += text.substr(at + 1).starts_with('{') ? 2 : 1;
    std::size_t end = at;
    while (end < text.size() && is_variable_char(text[end])) {
      ++end;
    }
    if (end == at) {
      continue;
    }
    if (text[at] >= '1' && text[at] <= '9') {
      found.push_back({text.substr(at, 1), static_cast<ngx_uint_t>(text[at] - '0'), true});
      at += 1;
    } else {
      found.push_back({text.substr(at, end - at)});
      at = end;
    }
  }
  return found;
}

// `text` is the pool's. False: nginx has said why.
bool find_variables(ngx_conf_t* cf, std::string_view text, Template& value) {
  std::vector<TemplateVariable> found = read_variables(text);
  if (found.empty()) {
    return true;
  }
  for (TemplateVariable& each : found) {
    ngx_str_t name = borrow(each.name);
    const ngx_int_t index = each.capture ? 0 : ngx_http_get_variable_index(cf, &name);
    if (index == NGX_ERROR) {
      return false;
    }
    each.place = each.capture ? each.place : static_cast<ngx_uint_t>(index);
  }
  auto* list =
      static_cast<TemplateVariable*>(ngx_palloc(cf->pool, found.size() * sizeof(TemplateVariable)));
  if (list == nullptr) {
    return false;
  }
  std::uninitialized_copy(found.begin(), found.end(), list);
  value.variables = {list, found.size()};
  return true;
}

bool is_empty_capture(const ngx_http_request_t* r, ngx_uint_t number) {
#if (NGX_PCRE)
  const ngx_uint_t n = number * 2;
  return n >= r->ncaptures || r->captures[n + 1] <= r->captures[n];
#else
  return true;
#endif
}

}  // namespace

const TemplateVariable* empty_variable(ngx_http_request_t* r, const Template& value) {
  for (const TemplateVariable& each : value.variables) {
    if (each.capture) {
      if (is_empty_capture(r, each.place)) {
        return &each;
      }
      continue;
    }
    const ngx_http_variable_value_t* text = ngx_http_get_flushed_variable(r, each.place);
    if (text == nullptr || text->not_found || text->len == 0) {
      return &each;
    }
  }
  return nullptr;
}

Result<Template*> compile_template(ngx_conf_t* cf, std::string_view word) {
  void* place = ngx_pcalloc(cf->pool, sizeof(Template));
  ngx_str_t text = to_pool(cf->pool, word);
  if (place == nullptr || text.data == nullptr) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  auto* value = new (place) Template{};
  ngx_http_compile_complex_value_t compile{};
  compile.cf = cf;
  compile.value = &text;
  compile.complex_value = value;
  if (ngx_http_compile_complex_value(&compile) != NGX_OK ||
      !find_variables(cf, view(value->value), *value)) {
    return invalid("");  // nginx has said it
  }
  const auto* args = static_cast<const ngx_str_t*>(cf->args->elts);
  loc_conf<LocConf>(cf)->templates.push_back({view(args[0]), value});
  return value;
}

std::vector<std::string_view> names_in(const Template& value, std::string_view prefix) {
  std::vector<std::string_view> names;
  for (const TemplateVariable& each : value.variables) {
    if (!each.capture && each.name.starts_with(prefix)) {
      names.push_back(each.name.substr(prefix.size()));
    }
  }
  return names;
}

namespace {

// The variable that is the whole of a template: its value need not be copied. nginx compiles such a
// template into one code for its length and an end.
std::optional<ngx_uint_t> only_variable(const Template& value) {
  if (value.lengths == nullptr) {
    return std::nullopt;
  }
  const auto* code = static_cast<const ngx_http_script_var_code_t*>(value.lengths);
  const auto* next = reinterpret_cast<const std::uintptr_t*>(code + 1);
  ngx_http_script_len_code_pt length = nullptr;  // what nginx takes the first word for
  std::memcpy(&length, code, sizeof(length));
  if (length != &ngx_http_script_copy_var_len_code || *next != 0) {
    return std::nullopt;
  }
  return code->index;
}

}  // namespace

std::optional<std::string_view> evaluate(ngx_http_request_t* r, Template* value) {
  if (const std::optional<ngx_uint_t> index = only_variable(*value)) {
    const ngx_http_variable_value_t* found = ngx_http_get_flushed_variable(r, *index);
    const bool there = found != nullptr && found->not_found == 0;
    return there ? view(found->data, found->len) : std::string_view{};
  }
  ngx_str_t text{};
  if (ngx_http_complex_value(r, value, &text) != NGX_OK) {
    return std::nullopt;
  }
  return view(text);
}

}  // namespace notify
