#pragma once

// What a request brings: reads the body where a rule is about it, and validates body and query.

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/model/field_rule.hpp"
#include "shared/model/validation.hpp"

namespace notify {

// Of a batch.
struct ArrayBound {
  std::string field;
  std::size_t most = 0;  // elements
};

struct InputConf {
  std::vector<FieldRule> rules;
  std::optional<std::size_t> max_message;
  std::optional<BodyText> text;
  std::optional<ArrayBound> array;  // set by the operation

  [[nodiscard]] bool reads_body() const;
  // nullptr where there is no rule of that name.
  [[nodiscard]] const FieldRule* find(std::string_view name) const;
  [[nodiscard]] FieldRule* find(std::string_view name);
  // The same for the name of a variable, which nginx knows in lower case only: where no rule has
  // just that name, one that differs from it in the case of letters.
  [[nodiscard]] const FieldRule* find_variable(std::string_view name) const;
  [[nodiscard]] std::size_t index(const FieldRule& rule) const {
    return static_cast<std::size_t>(&rule - rules.data());
  }
  Result<void> merge(const MergeScope& scope, const InputConf& parent);
};

Result<void> set_field(ngx_conf_t* cf, Words words, InputConf& conf);
Result<void> set_body(ngx_conf_t* cf, Words words, InputConf& conf);
Result<void> set_max_message(ngx_conf_t* cf, Words words, InputConf& conf);

inline constexpr std::array kInputDirectives{
    directive<"notify_field", &set_field>(kHttpServerLocation | NGX_CONF_2MORE),
    directive<"notify_body", &set_body>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_max_message", &set_max_message>(kHttpServerLocation | NGX_CONF_TAKE1),
};

// kTooLarge
Error too_many_elements(const ArrayBound& bound);

// The body that nginx has read, wherever it keeps it. kTooLarge beyond the limit.
Result<std::string> gather_body(ngx_http_request_t* r, std::size_t limit);

// Bytes of the body that the request keeps in memory, in whatever form, until it ends.
std::size_t held_body(ngx_http_request_t* r);

// A step: the fields in the request's context, now or once the body has come. What is wrong is
// answered here.
ngx_int_t read_input(ngx_http_request_t* r, const LocConf& conf, std::size_t index);
}  // namespace notify
