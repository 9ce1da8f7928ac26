#include "ngx_notify_module/request/headers.hpp"

#include <algorithm>

#include "shared/base/text.hpp"

namespace notify {
namespace {

template <class Visit>
void for_each_header(const ngx_http_request_t* r, std::string_view name, Visit visit) {
  for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      // nginx lists a header before it has memory for its name in lower case.
      if (headers[i].key.len == name.size() && headers[i].lowcase_key != nullptr &&
          ngx_strncmp(headers[i].lowcase_key, name.data(), name.size()) == 0) {
        visit(view(headers[i].value));
      }
    }
  }
}

}  // namespace

HeaderValue find_header(const ngx_http_request_t* r, std::string_view name) {
  HeaderValue found;
  for_each_header(r, name, [&found](std::string_view value) {
    found.repeated = found.value.has_value();
    found.value = value;
  });
  return found;
}

std::vector<std::string_view> find_headers(const ngx_http_request_t* r, std::string_view name) {
  std::vector<std::string_view> found;
  for_each_header(r, name, [&found](std::string_view value) { found.push_back(value); });
  return found;
}

ArgumentValue find_argument(const ngx_http_request_t* r, std::string_view name) {
  std::vector<std::string> values = query_args(view(r->args), name);
  if (values.empty()) {
    return {};
  }
  const bool differs = std::any_of(values.begin(), values.end(),
                                   [&](const std::string& value) { return value != values[0]; });
  return differs ? ArgumentValue{{}, true} : ArgumentValue{std::move(values[0])};
}

Result<std::string> header_name(std::string_view word, std::string_view value) {
  const auto token_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  if (value.empty() || !std::all_of(value.begin(), value.end(), token_char)) {
    return bad_parameter(word);
  }
  return to_lower(value);
}

}  // namespace notify
