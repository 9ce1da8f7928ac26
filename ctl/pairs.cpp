#include "ctl/pairs.hpp"

#include <algorithm>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

bool has(const std::vector<Pair>& pairs, std::string_view name) {
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const Pair& pair) { return pair.first == name; });
}

void append_member(std::string& out, std::string_view name, std::string_view raw) {
  out += out.size() > 1 ? "," : "";
  json::append_quoted(out, name);
  out += ':';
  out += raw;
}

}  // namespace

Result<std::vector<Pair>> parse_pairs(const std::vector<std::string>& words,
                                      std::string_view what) {
  std::vector<Pair> pairs;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid(json::quoted(word) + " is not " + std::string(what));
    }
    pairs.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return pairs;
}

Result<EntryId> parse_any_id(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    if (const auto ms = parse_u64(text)) {
      return EntryId{*ms, 0};
    }
  } else {
    const std::string_view sequence = text.substr(dash + 1);
    const bool hexadecimal = sequence.size() == 8 && sequence.front() == '0';
    if (const auto id = hexadecimal ? parse_event_id(text) : parse_entry_id(text)) {
      return *id;
    }
  }
  return invalid(json::quoted(text) + " is not the id of an entry, as in 1700000000000-1");
}

Result<std::string> claims_json(std::string_view subject, const std::vector<Pair>& claims,
                                std::int64_t now_unix, std::int64_t ttl_seconds) {
  std::string out = "{";
  append_member(out, "sub", json::quoted(subject));
  for (auto claim = claims.begin(); claim != claims.end(); ++claim) {
    const auto& [name, value] = *claim;
    if (name == "sub" || has({claims.begin(), claim}, name)) {
      return invalid("the claim " + json::quoted(name) + " is given twice");
    }
    const auto parsed = json::parse_value(value);
    append_member(out, name, parsed ? std::string(parsed->raw) : json::quoted(value));
  }
  if (!has(claims, "iat")) {
    append_member(out, "iat", std::to_string(now_unix));
  }
  if (ttl_seconds > 0 && !has(claims, "exp")) {
    append_member(out, "exp", std::to_string(now_unix + ttl_seconds));
  }
  return out + "}";
}

}  // namespace notify::ctl
