#pragma once

// A template's text: Mustache, by a library, within bounds that hold before it is called. Pure.
//
//   {{name}} {{a.b}}        escaped for where it goes (see Escape); missing: empty, as Mustache
//   says
//   {{{name}}} {{&name}}    as it is
//   {{#list}}…{{/list}} {{^list}}…{{/list}} {{.}} {{! comment}}
//
// Not to be had: partials ({{> x}}), which could include themselves, and changed delimiters
// ({{= =}}). Bounds: kMostText of template, sections kMostDepth deep, kMostSteps pieces of it that
// are rendered (sections repeat), kMostOutput of result.

#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::worker {

inline constexpr std::size_t kMostTemplateText = 64 * 1024;
inline constexpr std::size_t kMostTemplateDepth = 8;
inline constexpr std::size_t kMostTemplateSteps = 100'000;
inline constexpr std::size_t kMostTemplateOutput = 256 * 1024;

enum class Escape {
  kNone,
  kSlack,  // & < > as entities
};

// What is wrong with it; nullopt: it can be rendered.
std::optional<std::string> check_template(std::string_view text);

// `data` is a JSON object. kInvalid: the template is none; kTooLarge: beyond a bound.
Result<std::string> render_template(std::string_view text, std::string_view data, Escape escape);

}  // namespace notify::worker
