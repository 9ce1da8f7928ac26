#include "worker/catalog/templates/template_text.hpp"

#include "worker/catalog/templates/json_tree.hpp"

namespace notify::worker {
namespace {

constexpr std::size_t kMostDataDepth = 32;

Result<Mustache> parse(std::string_view text) {
  if (text.size() > kMostTemplateText) {
    return invalid("the text has more than " + std::to_string(kMostTemplateText / 1024) + " kB");
  }
  return Mustache::parse(text);
}

}  // namespace

std::string escaped(std::string_view text, Escape escape) {
  if (escape == Escape::kNone) {
    return std::string(text);
  }
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += escape == Escape::kHtml ? "&quot;" : "\"";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::optional<std::string> check_template(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? std::nullopt : std::optional<std::string>(parsed.error().message);
}

Result<std::string> render_template(std::string_view text, std::string_view data, Escape escape,
                                    const Mustache::Bounds& bounds) {
  const auto parsed = parse(text);
  if (!parsed) {
    return parsed.error();
  }
  const auto values = JsonTree::parse(data, {kMostTemplateValues, kMostDataDepth});
  if (!values) {
    return Error{values.error().kind, "the data: " + values.error().message};
  }
  return parsed->render(
      values->root(), [escape](std::string_view plain) { return escaped(plain, escape); }, bounds);
}

}  // namespace notify::worker
