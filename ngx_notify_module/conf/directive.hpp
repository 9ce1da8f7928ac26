#pragma once

// How a feature writes down the directives that it owns. In its header:
//
//   Result<void> set_retain(ngx_conf_t* cf, Words words, PublishConf& conf);
//
//   inline constexpr std::array kPublishDirectives{
//       directive<"notify_retain", &set_retain>(kHttpServerLocation | NGX_CONF_TAKE12),
//   };
//
// features.cpp concatenates the arrays. Where a directive writes, into MainConf or into a feature's
// part of LocConf, is told by its setter. A setter answers in nginx's voice, and the place in the
// file is added:
//
//   is duplicate         becomes  "notify_retain" directive is duplicate in …:12
//   invalid value "-1"   becomes  invalid value "-1" in "notify_retain" directive in …:12
//
// A message that begins with one of is, needs, conflicts or names is a sentence about the
// directive.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/loc_conf.hpp"  // IWYU pragma: export
#include "ngx_notify_module/conf/template.hpp"  // IWYU pragma: export
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"  // IWYU pragma: export
#include "shared/base/result.hpp"

namespace notify {

struct MainConf;

// The arguments of a directive, without its name. They live as long as the configuration.
using Words = std::span<const std::string_view>;

inline constexpr ngx_uint_t kHttp = NGX_HTTP_MAIN_CONF;
// Where an operation stands, and where nginx lets a location be refined by a condition.
inline constexpr ngx_uint_t kLocation = NGX_HTTP_LOC_CONF | NGX_HTTP_LIF_CONF | NGX_HTTP_LMT_CONF;
inline constexpr ngx_uint_t kHttpServerLocation =
    NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | kLocation;

// ---- rows ---------------------------------------------------------------------------------------

template <std::size_t N>
struct DirectiveName {
  u_char text[N] = {};
  consteval DirectiveName(const char (&literal)[N]) {  // NOLINT(*-explicit-*)
    for (std::size_t i = 0; i < N; ++i) {
      text[i] = static_cast<u_char>(literal[i]);
    }
  }
};

// nginx's tables do not say const. Nobody writes here.
template <DirectiveName kName>
inline constinit auto kDirectiveText = kName;

std::vector<std::string_view> directive_words(const ngx_conf_t* cf);
char* report_directive(ngx_conf_t* cf, const ngx_command_t* command, const Result<void>& outcome);

namespace detail {

template <class Conf, Result<void> (*kSet)(ngx_conf_t*, Words, Conf&)>
char* set_directive(ngx_conf_t* cf, ngx_command_t* command, void* conf) {
  const std::vector<std::string_view> words = directive_words(cf);
  if constexpr (std::is_same_v<Conf, MainConf>) {
    return report_directive(cf, command, kSet(cf, words, *static_cast<MainConf*>(conf)));
  } else {
    return report_directive(cf, command, kSet(cf, words, static_cast<LocConf*>(conf)->get<Conf>()));
  }
}

template <class Conf, Result<void> (*kSet)(ngx_conf_t*, Words, Conf&)>
struct Setter {
  static constexpr ngx_uint_t kLevel =
      std::is_same_v<Conf, MainConf> ? NGX_HTTP_MAIN_CONF_OFFSET : NGX_HTTP_LOC_CONF_OFFSET;
  static constexpr auto kEntry = entry<&set_directive<Conf, kSet>>;
};

}  // namespace detail

// One row. `type`: where the directive may stand and how many arguments it takes.
template <DirectiveName kName, auto kSet>
consteval ngx_command_t directive(ngx_uint_t type) {
  using Conf = decltype([]<class C>(Result<void> (*)(ngx_conf_t*, Words, C&)) {
    return static_cast<C*>(nullptr);
  }(kSet));
  using Setter = detail::Setter<std::remove_pointer_t<Conf>, kSet>;
  return {{sizeof(kName.text) - 1, kDirectiveText<kName>.text},
          type,
          Setter::kEntry,
          Setter::kLevel,
          0,
          nullptr};
}

// The features' arrays as one, ended as nginx expects it.
template <std::size_t... N>
consteval auto concat_directives(const std::array<ngx_command_t, N>&... rows) {
  std::array<ngx_command_t, (N + ... + 1)> all{};  // the last one stays ngx_null_command
  std::size_t next = 0;
  const auto append = [&](const auto& some) {
    for (const ngx_command_t& row : some) {
      all[next++] = row;
    }
  };
  (append(rows), ...);
  return all;
}

// ---- words --------------------------------------------------------------------------------------

Error is_duplicate();
Error bad_value(std::string_view word);      // invalid value "…"
Error bad_parameter(std::string_view word);  // invalid parameter "…"
Error already_logged();                      // by nginx

// The value of `name=value`, or nullopt where the word is another one.
std::optional<std::string_view> parameter(std::string_view word, std::string_view name);

// nginx's own spellings: "250ms", "1m30s"; "64k".
Result<ngx_msec_t> parse_time(std::string_view word);
Result<std::size_t> parse_bytes(std::string_view word);
Result<std::uint64_t> parse_count(std::string_view word);

// For a directive that is one value: refuses a second one on the same level.
template <class T>
Result<void> assign(std::optional<T>& setting, Result<T> value) {
  if (setting) {
    return is_duplicate();
  }
  if (!value) {
    return value.error();
  }
  setting = std::move(*value);
  return {};
}

// What a level inherits: its own value, else its parent's, else the default.
template <class T, class U>
void inherit(std::optional<T>& own, const std::optional<T>& parent, U&& fallback) {
  if (!own) {
    own = parent ? parent : std::optional<T>(std::forward<U>(fallback));
  }
}

// For a list that is inherited as a whole, or not at all.
template <class T>
void inherit(std::vector<T>& own, const std::vector<T>& parent) {
  if (own.empty()) {
    own = parent;
  }
}

// Words that may not be empty, each into its place; there are at least as many places.
Result<void> compile_templates(ngx_conf_t* cf, Words words,
                               std::initializer_list<Template**> places);

// ---- merging ------------------------------------------------------------------------------------

// What a feature knows when its struct is merged: `Result<void> merge(const MergeScope&, const
// XConf& parent)`, called for each server and location after it was read.
struct MergeScope {
  ngx_conf_t* cf = nullptr;
  // An `if` block or a limit_except: no location of its own, so that what the operation directives
  // of the surrounding one said is true here, too. Named and nested locations inherit refinements
  // only.
  bool same_location = false;
  // A server{} block: what it lacks its locations may add.
  bool may_complete = false;
  LocConf* conf = nullptr;  // the level that is being merged
};

}  // namespace notify
