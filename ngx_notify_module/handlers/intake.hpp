#pragma once

// What a request brings: reads the body where a rule is about it, and validates body and query.

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/operation.hpp"
#include "shared/model/field_rule.hpp"
#include "shared/model/validation.hpp"

namespace notify {

struct IntakeConf {
  std::vector<FieldRule> rules;
  std::optional<std::size_t> max_message;
  std::optional<BodyText> text;

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
  Result<void> merge(const MergeScope& scope, const IntakeConf& parent);
};

Result<void> set_field(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_body(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_max_message(ngx_conf_t* cf, Words words, LocConf& conf);

inline constexpr std::array kIntakeDirectives{
    directive<"notify_field", &set_field>(kHttpServerLocation | NGX_CONF_2MORE),
    directive<"notify_body", &set_body>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_max_message", &set_max_message>(kHttpServerLocation | NGX_CONF_TAKE1),
};

// The body that nginx has read, wherever it keeps it. kTooLarge beyond the limit.
Result<std::string> gather_body(ngx_http_request_t* r, std::size_t limit);

// Bytes of the body that the request keeps in memory, in whatever form, until it ends.
std::size_t held_body(ngx_http_request_t* r);

// Answers as a content handler does. `next` is called with the fields in the request's context, now
// or once the body has come; it answers like a content handler, too. What is wrong is answered
// here.
ngx_int_t intake(ngx_http_request_t* r, const LocConf& conf, std::size_t index,
                 OperationHandler next);

// The names NAME of a template's variables PREFIX_NAME ($notify_field_NAME, $notify_json_NAME).
std::vector<std::string_view> field_names(const Template* value, std::string_view prefix);

// For a template that an operation will evaluate: kInvalid, naming it, where there is no rule for a
// field in it. Fields whose text it uses must be text (FieldRule::as_text).
Result<void> use_fields(IntakeConf& conf, const Template* value);

}  // namespace notify
