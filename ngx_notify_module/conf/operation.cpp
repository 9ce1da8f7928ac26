#include "ngx_notify_module/conf/operation.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/handlers/content.hpp"

namespace notify {
namespace {

struct Method {
  std::string_view name;
  ngx_uint_t bit;
};

// Those that an operation may be given to.
constexpr std::array kMethods{
    Method{"GET", NGX_HTTP_GET},         Method{"HEAD", NGX_HTTP_HEAD},
    Method{"POST", NGX_HTTP_POST},       Method{"PUT", NGX_HTTP_PUT},
    Method{"PATCH", NGX_HTTP_PATCH},     Method{"DELETE", NGX_HTTP_DELETE},
    Method{"OPTIONS", NGX_HTTP_OPTIONS},
};

// The names in a directive's word.
void append_claims(std::string_view word, std::vector<std::string>& names) {
  constexpr std::string_view kClaim = "notify_claim_";
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t at = word.find(kClaim); at != std::string_view::npos;
       at = word.find(kClaim, at + 1)) {
    const std::string_view name = word.substr(at + kClaim.size());
    const auto end = std::find_if_not(name.begin(), name.end(), in_name);
    if (at > 0 && (word[at - 1] == '$' || word[at - 1] == '{')) {
      names.emplace_back(name.begin(), end);
    }
  }
}

}  // namespace

const Operation* OperationsConf::find(ngx_uint_t method) const {
  const Operation* any = nullptr;
  for (const Operation& operation : all) {
    if (operation.methods == kAnyMethod) {
      any = &operation;
    } else if ((operation.methods & method) != 0) {
      return &operation;
    }
  }
  return any;
}

std::string OperationsConf::allow() const {
  std::string names;
  for (const Method& method : kMethods) {
    const Operation* operation = find(method.bit);
    if (operation != nullptr && operation->methods != kAnyMethod) {
      names.append(names.empty() ? "" : ", ").append(method.name);
    }
  }
  return names;
}

Result<void> add_operation(ngx_conf_t* cf, LocConf& conf, const Operation& operation) {
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  if (core->handler != nullptr && core->handler != kContentHandler) {
    return invalid("conflicts with another handler of the location");
  }
  for (const Operation& other : conf.operations.all) {
    const bool same_any = other.methods == kAnyMethod && operation.methods == kAnyMethod;
    const bool one_any = other.methods == kAnyMethod || operation.methods == kAnyMethod;
    if (same_any || (!one_any && (other.methods & operation.methods) != 0)) {
      return other.directive == operation.directive
                 ? is_duplicate()
                 : invalid("conflicts with \"" + std::string(other.directive) +
                           "\": both serve one method");
    }
  }
  core->handler = kContentHandler;
  conf.operations.all.push_back(operation);
  if (operation.directive != "notify_return") {  // whose text is for people
    for (const std::string_view word : directive_words(cf)) {
      append_claims(word, conf.operations.all.back().claims);
    }
  }
  main_conf<MainConf>(cf)->enabled = true;
  return {};
}

Result<ngx_uint_t> parse_methods(std::string_view words) {
  ngx_uint_t methods = 0;
  for (std::string_view rest = words;;) {
    const std::size_t end = rest.find('|');
    const std::string_view name = rest.substr(0, end);
    ngx_uint_t bit = 0;
    for (const Method& method : kMethods) {
      bit = method.name == name ? method.bit : bit;
    }
    if (bit == 0) {
      return invalid("unknown method \"" + std::string(name) + "\"");
    }
    methods |= bit;
    if (end == std::string_view::npos) {
      return methods;
    }
    rest.remove_prefix(end + 1);
  }
}

}  // namespace notify
