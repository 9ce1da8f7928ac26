#include "ngx_notify_module/auth/bearer_conf.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "shared/base/secret.hpp"

namespace notify {
namespace {

struct Text {
  std::string_view name;
  std::string BearerRule::*place;
};

constexpr std::array kTexts{
    Text{"missing", &BearerRule::missing},
    Text{"malformed", &BearerRule::malformed},
    Text{"wrong", &BearerRule::wrong},
};

Result<void> add_token(std::string_view word, BearerRule& rule) {
  Result<std::string> token = resolve_secret(word);
  if (!token) {
    return token.error();
  }
  rule.tokens.push_back(std::move(*token));
  return {};
}

}  // namespace

void BearerConf::merge(const BearerConf& parent) {
  if (!rule) {
    rule = parent.rule;
  }
}

Result<void> set_bearer(ngx_conf_t*, Words words, BearerConf& conf) {
  if (conf.rule) {
    return is_duplicate();
  }
  BearerRule rule;
  for (const std::string_view word : words) {
    const auto* text = std::find_if(kTexts.begin(), kTexts.end(), [&](const Text& each) {
      return parameter(word, each.name).has_value();
    });
    if (text != kTexts.end()) {
      const std::string_view value = *parameter(word, text->name);
      if (value.empty()) {
        return bad_parameter(word);
      }
      rule.*text->place = value;
    } else if (const Result<void> added = add_token(word, rule); !added) {
      return added;
    }
  }
  if (rule.tokens.empty()) {
    return invalid("needs a secret");
  }
  conf.rule = std::move(rule);
  return {};
}

}  // namespace notify
