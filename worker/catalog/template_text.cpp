#include "worker/catalog/template_text.hpp"

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <limits>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::size_t kMostDataDepth = 32;
constexpr std::size_t kMostTag = 256;  // each time it is rendered its name is taken apart

// What a text costs to render, counted before it is: sections by the longest list of the data.
struct Cost {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  std::vector<std::size_t> pieces;  // rendered once for each turn of that many sections
  std::string problem;

  void piece() {
    if (pieces.size() <= depth) {
      pieces.resize(depth + 1);
    }
    ++pieces[depth];
  }
};

// Reads tags as the library does. Texts between them are pieces, too, one for each word: it splits
// at every blank.
Cost read_tags(std::string_view text) {
  Cost cost;
  while (!text.empty() && cost.problem.empty()) {
    const auto begin = text.find("{{");
    const auto plain = text.substr(0, begin);
    const auto blanks =
        static_cast<std::size_t>(std::count_if(plain.begin(), plain.end(), [](char c) {
          return c == ' ' || c == '\t' || c == '\n' || c == '\r';
        }));
    for (std::size_t i = 0; i < 2 * blanks + 2; ++i) {
      cost.piece();
    }
    if (begin == text.npos) {
      break;
    }
    text.remove_prefix(begin + 2);
    const bool triple = text.starts_with('{');
    const std::string_view closing = triple ? "}}}" : "}}";
    if (triple) {
      text.remove_prefix(1);
    }
    const auto end = text.find(closing);
    if (end == text.npos) {
      cost.problem = "a tag is not closed";
      break;
    }
    const auto tag = trim(text.substr(0, end));
    if (tag.size() > kMostTag && !tag.starts_with('!')) {
      cost.problem = "a tag has more than " + std::to_string(kMostTag) + " bytes";
      break;
    }
    text.remove_prefix(end + closing.size());
    cost.piece();
    switch (triple || tag.empty() ? '\0' : tag[0]) {
      case '>':
        cost.problem = "partials ({{> …}}) are not known";
        break;
      case '=':
        cost.problem = "delimiters ({{= … =}}) cannot be changed";
        break;
      case '#':
      case '^':
        cost.deepest = std::max(cost.deepest, ++cost.depth);
        break;
      case '/':
        if (cost.depth == 0) {
          cost.problem = "a section is closed that is not open";
        } else {
          --cost.depth;
        }
        break;
      default:
        break;
    }
  }
  if (cost.problem.empty() && cost.depth > 0) {
    cost.problem = "a section is not closed";
  }
  if (cost.problem.empty() && cost.deepest > kMostTemplateDepth) {
    cost.problem = "sections are more than " + std::to_string(kMostTemplateDepth) + " deep";
  }
  return cost;
}

// JSON as the library's data; what it costs is noted.
class DataReader {
 public:
  Result<mustache::data> read(std::string_view text) {
    const auto value = json::parse_value(text);
    if (!value) {
      return value.error();
    }
    auto data = convert(*value, 0);
    if (too_deep_) {
      return Error{ErrorKind::kTooLarge,
                   "the data is more than " + std::to_string(kMostDataDepth) + " levels deep"};
    }
    return data;
  }

  [[nodiscard]] std::size_t longest_list() const { return longest_list_; }
  [[nodiscard]] std::size_t longest_text() const { return longest_text_; }

 private:
  mustache::data convert(const json::Value& value, std::size_t depth) {
    if (depth > kMostDataDepth) {
      too_deep_ = true;
      return mustache::data(false);
    }
    switch (value.kind) {
      case json::Kind::kNull:
        return mustache::data(false);
      case json::Kind::kBool:
        return mustache::data(value.is_true());
      case json::Kind::kNumber:
        return text_of(std::string(value.raw));
      case json::Kind::kString:
        return text_of(json::unquote(value));
      case json::Kind::kArray: {
        mustache::data list(mustache::data::type::list);
        const auto elements = json::elements(value);
        for (std::size_t i = 0; elements && i < elements->size(); ++i) {
          list.push_back(convert((*elements)[i], depth + 1));
        }
        longest_list_ = std::max(longest_list_, elements ? elements->size() : 0);
        return list;
      }
      case json::Kind::kObject:
        break;
    }
    mustache::data object(mustache::data::type::object);
    const auto members = json::members(value);
    for (std::size_t i = 0; members && i < members->size(); ++i) {
      const auto& member = (*members)[i];
      object.set(member.name, convert(member.value, depth + 1));
    }
    return object;
  }

  mustache::data text_of(const std::string& text) {
    longest_text_ = std::max(longest_text_, text.size());
    return mustache::data(text);
  }

  std::size_t longest_list_ = 1;
  std::size_t longest_text_ = 0;
  bool too_deep_ = false;
};

std::string escape_slack(const std::string& text) {
  std::string out;
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
      default:
        out += c;
    }
  }
  return out;
}

// Pieces times turns, at most: a false alarm is possible, an endless rendering is not.
std::size_t steps(const Cost& cost, std::size_t longest_list) {
  std::size_t turns = 1;
  std::size_t total = 0;
  for (const auto pieces : cost.pieces) {
    total += pieces * turns;
    if (total > kMostTemplateSteps) {
      return std::numeric_limits<std::size_t>::max();
    }
    turns = std::min(turns * longest_list, kMostTemplateSteps + 1);
  }
  return total;
}

}  // namespace

std::optional<std::string> check_template(std::string_view text) {
  if (text.size() > kMostTemplateText) {
    return "the text has more than " + std::to_string(kMostTemplateText / 1024) + " kB";
  }
  if (auto cost = read_tags(text); !cost.problem.empty()) {
    return cost.problem;
  }
  const mustache::mustache parsed{std::string(text)};
  return parsed.is_valid()
             ? std::nullopt
             : std::optional<std::string>("it is no template: " + parsed.error_message());
}

Result<std::string> render_template(std::string_view text, std::string_view data, Escape escape) {
  if (auto problem = check_template(text)) {
    return invalid(*problem);
  }
  DataReader reader;
  auto values = reader.read(data);
  if (!values) {
    return values.error();
  }
  const auto cost = read_tags(text);
  const auto total = steps(cost, reader.longest_list());
  constexpr std::size_t kMostWork = 64 * 1024 * 1024;
  if (total > kMostTemplateSteps || total * (reader.longest_text() + 16) > kMostWork) {
    return Error{ErrorKind::kTooLarge, "template and data are too large together"};
  }
  mustache::mustache parsed{std::string(text)};
  parsed.set_custom_escape(escape == Escape::kSlack
                               ? mustache::mustache::escape_handler(escape_slack)
                               : [](const std::string& plain) { return plain; });
  auto out = parsed.render(*values);
  if (out.size() > kMostTemplateOutput) {
    return Error{ErrorKind::kTooLarge, "the rendered text has more than " +
                                           std::to_string(kMostTemplateOutput / 1024) + " kB"};
  }
  return out;
}

}  // namespace notify::worker
