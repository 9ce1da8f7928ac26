#pragma once

// A template's text: Mustache (mustache.hpp) over the members of an object. Pure.
//
// Bounds: kMostTemplateText of template; kMostTemplateValues of data, 32 levels deep; the caller's
// steps of rendering and bytes of result, both counted while it is rendered.

#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "worker/catalog/templates/mustache.hpp"

namespace notify::worker {

inline constexpr std::size_t kMostTemplateText = 64 * 1024;
inline constexpr std::size_t kMostTemplateValues = 10'000;

// Of what is between two braces.
enum class Escape {
  kNone,
  kSlack,  // & < > as entities
  kHtml,   // " as well: what the specification of Mustache has
};

std::string escaped(std::string_view text, Escape escape);

// What is wrong with it; nullopt: it can be rendered.
std::optional<std::string> check_template(std::string_view text);

// `data` is a JSON object. kInvalid: the template is none; kTooLarge: beyond a bound.
Result<std::string> render_template(std::string_view text, std::string_view data, Escape escape,
                                    const Mustache::Bounds& bounds);

}  // namespace notify::worker
