#include "ngx_notify_module/conf/directive.hpp"

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

}  // namespace notify
