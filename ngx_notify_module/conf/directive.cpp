#include "ngx_notify_module/conf/directive.hpp"

#include <cstring>

#include "shared/base/text.hpp"

namespace notify {

std::vector<std::string_view> directive_words(const ngx_conf_t* cf) {
  const auto* args = static_cast<const ngx_str_t*>(cf->args->elts);
  std::vector<std::string_view> words;
  words.reserve(cf->args->nelts);
  for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
    words.push_back(view(args[i]));
  }
  return words;
}

char* report_directive(ngx_conf_t* cf, const ngx_command_t* command, const Result<void>& outcome) {
  if (outcome) {
    return conf_ok();
  }
  ngx_str_t message = to_pool(cf->pool, outcome.error().message);
  if (message.len == 0) {
    return conf_error();  // nginx has said it
  }
  for (const std::string_view verb : {"is ", "needs ", "conflicts ", "names "}) {
    if (outcome.error().message.starts_with(verb)) {
      return reinterpret_cast<char*>(message.data);  // nginx puts the directive's name before it
    }
  }
  ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%V in \"%V\" directive", &message, &command->name);
  return conf_error();
}

Error is_duplicate() { return invalid("is duplicate"); }

Error bad_value(std::string_view word) {
  return invalid("invalid value \"" + std::string(word) + "\"");
}

Error bad_parameter(std::string_view word) {
  return invalid("invalid parameter \"" + std::string(word) + "\"");
}

std::optional<std::string_view> parameter(std::string_view word, std::string_view name) {
  if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
    return word.substr(name.size() + 1);
  }
  return std::nullopt;
}

Error already_logged() { return invalid(""); }

Result<ngx_msec_t> parse_time(std::string_view word) {
  ngx_str_t text = borrow(word);
  const ngx_int_t time = ngx_parse_time(&text, 0);
  if (time == NGX_ERROR) {
    return bad_value(word);
  }
  return static_cast<ngx_msec_t>(time);
}

Result<std::size_t> parse_bytes(std::string_view word) {
  ngx_str_t text = borrow(word);
  const ssize_t size = ngx_parse_size(&text);
  if (size == NGX_ERROR) {
    return bad_value(word);
  }
  return static_cast<std::size_t>(size);
}

Result<std::uint64_t> parse_count(std::string_view word) {
  const std::optional<std::uint64_t> count = parse_u64(word);
  if (!count || *count > NGX_MAX_INT_T_VALUE) {
    return bad_value(word);
  }
  return *count;
}

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// As ngx_http_script_compile() reads them: $name, ${name}, and one digit for a capture.
std::vector<TemplateVariable> read_variables(std::string_view text) {
  std::vector<TemplateVariable> found;
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    at += text.substr(at + 1).starts_with('{') ? 2 : 1;
    std::size_t end = at;
    while (end < text.size() && is_name_char(text[end])) {
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
    return already_logged();
  }
  return value;
}

Result<void> compile_templates(ngx_conf_t* cf, Words words,
                               std::initializer_list<Template**> places) {
  auto place = places.begin();
  for (const std::string_view word : words) {
    const Result<Template*> value =
        word.empty() ? Result<Template*>(bad_value(word)) : compile_template(cf, word);
    if (!value) {
      return value.error();
    }
    **place++ = *value;
  }
  return {};
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
