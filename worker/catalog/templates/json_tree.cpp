#include "worker/catalog/templates/json_tree.hpp"

#include <algorithm>

#include "shared/base/text.hpp"

namespace notify::worker {

using json::Kind;

// Reads text that is known to be JSON, once from the left to the right.
class JsonTreeReader {
 public:
  JsonTreeReader(std::string_view text, const JsonTree::Bounds& bounds, JsonTree& tree)
      : p_(text.data()), end_(p_ + text.size()), bounds_(bounds), tree_(tree) {}

  // nullptr: beyond the bounds.
  JsonNode* read(std::size_t depth) {
    skip_space();
    if (p_ == end_ || depth > bounds_.depth || tree_.nodes_.size() >= bounds_.nodes) {
      return nullptr;
    }
    auto& node = tree_.nodes_.emplace_back();
    const auto* start = p_;
    bool good = true;
    switch (*p_) {
      case '{':
        node.kind = Kind::kObject;
        good = read_members(node, depth);
        break;
      case '[':
        node.kind = Kind::kArray;
        good = read_elements(node, depth);
        break;
      case '"':
        node.kind = Kind::kString;
        node.text = read_string();
        node.characters = utf8_length(node.text);
        break;
      default:
        read_word(node);
    }
    node.raw = {start, static_cast<std::size_t>(p_ - start)};
    if (node.kind == Kind::kNumber) {
      node.number = Decimal::parse(node.raw);
    }
    return good ? &node : nullptr;
  }

 private:
  void skip_space() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\n' || *p_ == '\r')) {
      ++p_;
    }
  }

  // Steps over it; true if it is next.
  bool take(char c) {
    skip_space();
    const bool next = p_ != end_ && *p_ == c;
    p_ += next ? 1 : 0;
    return next;
  }

  std::string read_string() {
    const auto* start = p_++;
    while (p_ != end_ && *p_ != '"') {
      p_ += *p_ == '\\' && end_ - p_ > 1 ? 2 : 1;
    }
    p_ += p_ != end_ ? 1 : 0;
    return json::unquote({Kind::kString, {start, static_cast<std::size_t>(p_ - start)}});
  }

  void read_word(JsonNode& node) {
    node.kind = *p_ == 'n' ? Kind::kNull : (*p_ == 't' || *p_ == 'f' ? Kind::kBool : Kind::kNumber);
    const auto ends = [](char c) {
      return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
    };
    p_ = std::find_if(p_, end_, ends);
  }

  bool read_members(JsonNode& node, std::size_t depth) {
    ++p_;
    if (take('}')) {
      return true;
    }
    do {
      skip_space();
      auto name = read_string();
      take(':');
      const auto* value = read(depth + 1);
      if (value == nullptr) {
        return false;
      }
      node.members.emplace_back(std::move(name), value);
    } while (take(','));
    take('}');
    auto& all = node.members;
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // Of equal names the last one stays.
    all.erase(all.begin(), std::unique(all.rbegin(), all.rend(), same).base());
    return true;
  }

  bool read_elements(JsonNode& node, std::size_t depth) {
    ++p_;
    if (take(']')) {
      return true;
    }
    do {
      const auto* value = read(depth + 1);
      if (value == nullptr) {
        return false;
      }
      node.elements.push_back(value);
    } while (take(','));
    return take(']');
  }

  const char* p_;
  const char* end_;
  const JsonTree::Bounds& bounds_;
  JsonTree& tree_;
};

const JsonNode* JsonNode::find(std::string_view name) const {
  const auto found = std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member& member, std::string_view wanted) { return member.first < wanted; });
  return found != members.end() && found->first == name ? found->second : nullptr;
}

Result<JsonTree> JsonTree::parse(std::string_view text, const Bounds& bounds) {
  if (!json::valid(text)) {
    return invalid("it is no JSON");
  }
  JsonTree out;
  if (JsonTreeReader(text, bounds, out).read(0) == nullptr) {
    return Error{ErrorKind::kTooLarge, "it has more than " + std::to_string(bounds.nodes) +
                                           " values, or " + std::to_string(bounds.depth) +
                                           " levels"};
  }
  return out;
}

namespace {

void append_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void append_canonical(std::string& out, const JsonNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      out += 'n';
      return;
    case Kind::kBool:
      out += node.is_true() ? 't' : 'f';
      return;
    case Kind::kNumber:
      out += '#';
      append_text(out, node.number.canonical());
      return;
    case Kind::kString:
      out += '"';
      append_text(out, node.text);
      return;
    case Kind::kArray:
      out += '[';
      for (const auto* element : node.elements) {
        append_canonical(out, *element);
      }
      out += ']';
      return;
    case Kind::kObject:
      break;
  }
  out += '{';
  for (const auto& [name, value] : node.members) {
    append_text(out, name);
    append_canonical(out, *value);
  }
  out += '}';
}

}  // namespace

std::string canonical_json(const JsonNode& node) {
  std::string out;
  append_canonical(out, node);
  return out;
}

}  // namespace notify::worker
