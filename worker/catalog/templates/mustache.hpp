#pragma once

// Mustache (https://mustache.github.io/mustache.5.html, and the specification's rules): taken apart
// once, in linear time, then rendered within bounds. Pure.
//
//   {{name}} {{a.b}} {{.}}          escaped; the first part of a name is looked for in all contexts
//                                   from the innermost, the others inside of what was found
//   {{{name}}} {{&name}}            as it is
//   {{#name}}…{{/name}}             once for each element, or for what is neither false nor null
//   {{^name}}…{{/name}}             where that would render nothing
//   {{! comment}} {{=<% %>=}}
//
// A section's tag, a comment or a change of delimiters that is alone on its line takes the line
// away. Not to be had: partials ({{> x}}), which could include themselves, and lambdas.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "worker/catalog/templates/json_tree.hpp"

namespace notify::worker {

class Mustache {
 public:
  struct Bounds {
    std::size_t steps = 0;   // pieces that are rendered, contexts that are looked into
    std::size_t output = 0;  // bytes
  };
  using EscapeText = std::function<std::string(std::string_view)>;

  static constexpr std::size_t kMostDepth = 8;  // of sections
  static constexpr std::size_t kMostTag = 256;  // bytes of a tag that is no comment

  // kInvalid: it is no template. `text` has to outlive it.
  static Result<Mustache> parse(std::string_view text);

  // kTooLarge: beyond the bounds.
  [[nodiscard]] Result<std::string> render(const JsonNode& data, const EscapeText& escape,
                                           const Bounds& bounds) const;

 private:
  friend class MustacheParser;
  friend class MustacheRenderer;

  enum class Kind { kText, kEscaped, kRaw, kSection, kInverted };
  struct Piece {
    Kind kind = Kind::kText;
    std::string_view text;                // the text, or the name
    std::vector<std::string_view> parts;  // of the name; none: the innermost context itself
    std::size_t end = 0;                  // of a section: the piece behind its last one
  };

  std::vector<Piece> pieces_;
};

}  // namespace notify::worker
