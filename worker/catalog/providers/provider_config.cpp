#include "worker/catalog/providers/provider_config.hpp"

#include <algorithm>
#include <array>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "worker/net/target_address.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kMostUrl = 2'048;
constexpr std::size_t kMostHeaders = 20;
constexpr std::size_t kMostHeader = 4'096;

FieldError error(std::string_view member, std::string message) {
  return {"value_error", {"body", "config", std::string(member)},
          std::nullopt,  std::move(message),
          "null",        {}};
}

bool has_no_control(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_slack(std::string_view url) {
  const auto parts = parse_target_url(url);
  return parts && to_lower(parts->host) == "hooks.slack.com";
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= 128 &&
         std::all_of(name.begin(), name.end(), [kOthers](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kOthers.find(c) != kOthers.npos;
         });
}

// How a request is framed is not theirs to say.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOurs{"content-length", "transfer-encoding",
                                                  "connection", "host", "expect"};
  const auto lower = to_lower(name);
  return std::find(kOurs.begin(), kOurs.end(), lower) != kOurs.end();
}

void read_headers(const json::Value& value, ProviderConfig& out) {
  const auto members = json::members(value);
  if (!members || members->size() > kMostHeaders) {
    out.errors.push_back(error("headers", "Value error, expected an object of at most 20 texts"));
    return;
  }
  for (const auto& member : *members) {
    const auto text = json::unquote_strict(member.value);
    if (!text || text->size() > kMostHeader || !has_no_control(*text) ||
        !is_header_name(member.name) || is_ours(member.name)) {
      auto wrong = error("headers",
                         "Value error, a header cannot be sent: expected a text without control "
                         "characters, and a name that is not the request's own");
      wrong.loc.push_back(member.name);
      out.errors.push_back(std::move(wrong));
      continue;
    }
    out.headers.emplace_back(member.name, *text);
  }
}

std::string text_of(const std::vector<json::Member>& members, std::string_view name) {
  const auto* value = json::find(members, name);
  return value == nullptr ? std::string() : json::unquote(*value);
}

}  // namespace

ProviderConfig read_provider_config(std::string_view raw) {
  ProviderConfig out;
  const auto parsed = json::parse_value(raw);
  const auto members =
      parsed ? json::members(*parsed) : Result<std::vector<json::Member>>(parsed.error());
  if (!members) {
    return out;
  }
  const auto type = to_lower(text_of(*members, "type"));
  auto url = text_of(*members, "url");
  if (url.empty()) {
    url = text_of(*members, "webhook_url");
  }
  if (type == "slack") {
    out.kind = ProviderConfig::Kind::kSlack;
  } else if (type == "webhook") {
    out.kind = ProviderConfig::Kind::kWebhook;
  } else if (type.empty() && !url.empty()) {
    out.kind = is_slack(url) ? ProviderConfig::Kind::kSlack : ProviderConfig::Kind::kWebhook;
  } else {
    return out;
  }
  if (url.size() > kMostUrl || !parse_target_url(url)) {
    out.errors.push_back(
        error("url",
              "Value error, expected a URL that begins with https:// or http://, then a plain host "
              "or address, without a user name"));
  }
  if (const auto* headers = json::find(*members, "headers"); headers != nullptr) {
    read_headers(*headers, out);
  }
  out.url = std::move(url);
  out.template_ref_id = text_of(*members, "template_ref_id");
  return out;
}

}  // namespace notify::worker
