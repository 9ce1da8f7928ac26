#include "ngx_notify_module/request/templates.hpp"

#include <string>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "shared/model/stream_name.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// For the client: what it may name is named, what the configuration calls it is not.
Error missing_part(std::string_view variable) {
  constexpr std::string_view kWho[] = {"notify_subject", "notify_member", "remote_user"};
  constexpr std::pair<std::string_view, std::string_view> kWhere[] = {{"arg_", "argument"},
                                                                      {"notify_field_", "field"},
                                                                      {"notify_json_", "field"},
                                                                      {"notify_claim_", "claim"},
                                                                      {"cookie_", "cookie"}};
  std::string text = "A part of the name that this request needs is missing";
  for (const std::string_view who : kWho) {
    if (variable == who) {
      text = "The name that this request needs is yours, and you have not said who you are";
    }
  }
  for (const auto& [prefix, noun] : kWhere) {
    if (variable.starts_with(prefix)) {
      text = "The " + std::string(noun) + " \"" + std::string(variable.substr(prefix.size())) +
             "\" is missing";
    }
  }
  return {ErrorKind::kForbidden, std::move(text)};
}

}  // namespace

Result<void> check_parts(ngx_http_request_t* r, const Template* word) {
  const TemplateVariable* empty = empty_variable(r, *word);
  return empty == nullptr ? Result<void>() : missing_part(empty->name);
}

bool read_values(ngx_http_request_t* r,
                 std::initializer_list<std::pair<Template*, std::string_view*>> places) {
  for (const auto& [value, place] : places) {
    if (value == nullptr) {
      continue;
    }
    const std::optional<std::string_view> text = evaluate(r, value);
    if (!text) {
      return false;
    }
    *place = *text;
  }
  return true;
}

Result<void> check_stream(ngx_http_request_t* r, const Template* word, std::string_view name) {
  const bool is_meant = view(word->value).starts_with(redis::kOwnKeys);
  if (name.starts_with(redis::kOwnKeys) && !is_meant) {
    return invalid("Invalid stream name: names that begin with \"notify:\" are reserved");
  }
  const Result<void> named = check_stream_name(name);  // its length is bounded from here on
  if (named && !is_meant && loc_conf<LocConf>(r)->get<OwnershipConf>().is_foreign(name)) {
    return Error{ErrorKind::kForbidden,
                 "This stream belongs to another system: choose another stream name"};
  }
  return named ? check_parts(r, word) : named;
}

Result<void> check_group(ngx_http_request_t* r, const Template* word, std::string_view name) {
  const Result<void> named = check_group_name(name);
  return named ? check_parts(r, word) : named;
}

Result<void> check_consumer(ngx_http_request_t* r, const Template* word, std::string_view name) {
  const Result<void> named = check_consumer_name(name);
  return named ? check_parts(r, word) : named;
}

Result<std::string_view> read_stream(ngx_http_request_t* r, Template* word) {
  const std::optional<std::string_view> name = evaluate(r, word);
  if (!name) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  if (const Result<void> named = check_stream(r, word, *name); !named) {
    return named.error();
  }
  return *name;
}

}  // namespace notify
