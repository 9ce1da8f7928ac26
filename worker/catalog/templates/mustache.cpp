#include "worker/catalog/templates/mustache.hpp"

#include <algorithm>
#include <utility>

#include "shared/base/text.hpp"

namespace notify::worker {

namespace {

constexpr std::size_t kMostDelimiter = 16;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> out;
  while (name != ".") {
    const auto dot = name.find('.');
    out.push_back(name.substr(0, dot));
    if (dot == name.npos) {
      break;
    }
    name.remove_prefix(dot + 1);
    if (name == ".") {
      out.emplace_back();
    }
  }
  return out;
}

}  // namespace

class MustacheParser {
 public:
  explicit MustacheParser(std::string_view text) : text_(text) {}

  Result<Mustache> run() {
    while (problem_.empty()) {
      const auto begin = text_.find(open_, at_);
      if (begin == text_.npos) {
        add_text(at_, text_.size());
        break;
      }
      read_tag(begin);
    }
    if (problem_.empty() && !sections_.empty()) {
      problem_ = "a section is not closed: " +
                 std::string(out_.pieces_[sections_.back()].text.substr(0, 100));
    }
    return problem_.empty() ? Result<Mustache>(std::move(out_))
                            : Result<Mustache>(invalid(problem_));
  }

 private:
  using Kind = Mustache::Kind;

  void add_text(std::size_t begin, std::size_t end) {
    if (end > begin) {
      out_.pieces_.push_back({Kind::kText, text_.substr(begin, end - begin), {}, 0});
    }
  }

  // Blanks alone before it, back to the beginning of its line: where that is.
  [[nodiscard]] std::size_t line_begin(std::size_t tag) const {
    auto begin = tag;
    while (begin > at_ && is_blank(text_[begin - 1])) {
      --begin;
    }
    const bool starts = begin == 0 || text_[begin - 1] == '\n';
    return starts ? begin : text_.npos;
  }

  // Blanks alone behind it, up to the end of its line: where the next one begins.
  [[nodiscard]] std::size_t line_end(std::size_t tag_end) const {
    auto end = tag_end;
    while (end < text_.size() && is_blank(text_[end])) {
      ++end;
    }
    if (end == text_.size()) {
      return end;
    }
    if (text_[end] == '\r' && end + 1 < text_.size() && text_[end + 1] == '\n') {
      ++end;
    }
    return text_[end] == '\n' ? end + 1 : text_.npos;
  }

  void read_tag(std::size_t begin) {
    auto inner = begin + open_.size();
    while (inner < text_.size() &&
           (is_blank(text_[inner]) || text_[inner] == '\n' || text_[inner] == '\r')) {
      ++inner;
    }
    const char sign = inner < text_.size() ? text_[inner] : '\0';
    const auto closing = (sign == '{' ? "}" : sign == '=' ? "=" : "") + close_;
    const bool signed_tag =
        std::string_view("{&#^/!=>").find(sign) != std::string_view::npos && sign != '\0';
    const auto from = inner + (signed_tag ? 1 : 0);
    const auto end = from <= text_.size() ? text_.find(closing, from) : text_.npos;
    if (end == text_.npos) {
      problem_ = "a tag is not closed";
      return;
    }
    const auto name = trim(text_.substr(from, end - from));
    if (name.size() > Mustache::kMostTag && sign != '!') {
      problem_ = "a tag has more than " + std::to_string(Mustache::kMostTag) + " bytes";
      return;
    }
    auto text_end = begin;
    auto next = end + closing.size();
    if (std::string_view("#^/!=").find(sign) != std::string_view::npos && sign != '\0') {
      const auto first = line_begin(begin);
      const auto last = first == text_.npos ? text_.npos : line_end(next);
      if (last != text_.npos) {
        text_end = first;
        next = last;
      }
    }
    add_text(at_, text_end);
    at_ = next;
    add_tag(signed_tag ? sign : '\0', name);
  }

  void add_tag(char sign, std::string_view name) {
    switch (sign) {
      case '>':
        problem_ = "partials ({{> …}}) are not known";
        return;
      case '!':
        return;
      case '=':
        return set_delimiters(name);
      case '#':
      case '^':
        sections_.push_back(out_.pieces_.size());
        if (sections_.size() > Mustache::kMostDepth) {
          problem_ = "sections are more than " + std::to_string(Mustache::kMostDepth) + " deep";
        }
        return add_piece(sign == '#' ? Kind::kSection : Kind::kInverted, name);
      case '/':
        return close_section(name);
      case '{':
      case '&':
        return add_piece(Kind::kRaw, name);
      default:
        return add_piece(Kind::kEscaped, name);
    }
  }

  void add_piece(Kind kind, std::string_view name) {
    out_.pieces_.push_back({kind, name, parts_of(name), 0});
  }

  void close_section(std::string_view name) {
    if (sections_.empty()) {
      problem_ = "a section is closed that is not open";
      return;
    }
    auto& section = out_.pieces_[sections_.back()];
    if (section.text != name) {
      problem_ = "a section is closed by another name than it was opened";
      return;
    }
    section.end = out_.pieces_.size();
    sections_.pop_back();
  }

  void set_delimiters(std::string_view text) {
    const auto middle = text.find_first_of(" \t\r\n");
    const auto opening = text.substr(0, middle);
    const auto closing = middle == text.npos ? std::string_view() : trim(text.substr(middle));
    const auto fits = [](std::string_view delimiter) {
      return !delimiter.empty() && delimiter.size() <= kMostDelimiter &&
             delimiter.find_first_of(" \t\r\n=") == delimiter.npos;
    };
    if (!fits(opening) || !fits(closing)) {
      problem_ = "delimiters ({{=<% %>=}}) are two words without `=`";
      return;
    }
    open_ = opening;
    close_ = closing;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_ = "{{";
  std::string close_ = "}}";
  std::vector<std::size_t> sections_;  // that are open: their pieces
  std::string problem_;
  Mustache out_;
};

class MustacheRenderer {
 public:
  MustacheRenderer(const Mustache& text, const Mustache::EscapeText& escape,
                   const Mustache::Bounds& bounds)
      : pieces_(text.pieces_), escape_(escape), bounds_(bounds) {}

  Result<std::string> run(const JsonNode& data) {
    contexts_.push_back(&data);
    render(0, pieces_.size());
    if (steps_ > bounds_.steps) {
      return Error{ErrorKind::kTooLarge, "template and data are too large together"};
    }
    if (full_) {
      return Error{ErrorKind::kTooLarge,
                   "the rendered text has more than " + std::to_string(bounds_.output) + " bytes"};
    }
    return std::move(out_);
  }

 private:
  using Kind = Mustache::Kind;

  [[nodiscard]] bool stopped() const { return full_ || steps_ > bounds_.steps; }

  void append(std::string_view text) {
    if (text.size() > bounds_.output - out_.size()) {
      full_ = true;
      return;
    }
    out_ += text;
  }

  const JsonNode* look_up(const Mustache::Piece& piece) {
    if (piece.parts.empty()) {
      return contexts_.back();
    }
    const JsonNode* found = nullptr;
    for (auto context = contexts_.rbegin(); context != contexts_.rend() && found == nullptr;
         ++context) {
      ++steps_;
      found = (*context)->find(piece.parts.front());
    }
    for (std::size_t i = 1; i < piece.parts.size() && found != nullptr; ++i) {
      ++steps_;
      found = found->find(piece.parts[i]);
    }
    return found;
  }

  static std::string_view text_of(const JsonNode* value) {
    if (value == nullptr) {
      return {};
    }
    switch (value->kind) {
      case json::Kind::kString:
        return value->text;
      case json::Kind::kNumber:
      case json::Kind::kBool:
        return value->raw;
      default:
        return {};
    }
  }

  static bool is_false(const JsonNode* value) {
    return value == nullptr || value->is(json::Kind::kNull) ||
           (value->is(json::Kind::kBool) && !value->is_true()) ||
           (value->is(json::Kind::kArray) && value->elements.empty());
  }

  void interpolate(const Mustache::Piece& piece) {
    const auto text = text_of(look_up(piece));
    // What is escaped is not shorter: no text is escaped that could not be appended.
    if (piece.kind == Kind::kRaw || text.size() > bounds_.output - out_.size()) {
      return append(text);
    }
    append(escape_(text));
  }

  void render_section(std::size_t index) {
    const auto& piece = pieces_[index];
    const auto* value = look_up(piece);
    if (piece.kind == Kind::kInverted) {
      return is_false(value) ? render(index + 1, piece.end) : void();
    }
    if (is_false(value)) {
      return;
    }
    if (!value->is(json::Kind::kArray)) {
      return render_in(*value, index);
    }
    for (const auto* element : value->elements) {
      if (stopped()) {
        return;
      }
      render_in(*element, index);
    }
  }

  void render_in(const JsonNode& context, std::size_t section) {
    contexts_.push_back(&context);
    ++steps_;
    render(section + 1, pieces_[section].end);
    contexts_.pop_back();
  }

  void render(std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end && !stopped();) {
      const auto& piece = pieces_[i];
      ++steps_;
      switch (piece.kind) {
        case Kind::kText:
          append(piece.text);
          ++i;
          break;
        case Kind::kEscaped:
        case Kind::kRaw:
          interpolate(piece);
          ++i;
          break;
        case Kind::kSection:
        case Kind::kInverted:
          render_section(i);
          i = piece.end;
      }
    }
  }

  const std::vector<Mustache::Piece>& pieces_;
  const Mustache::EscapeText& escape_;
  const Mustache::Bounds& bounds_;
  std::vector<const JsonNode*> contexts_;
  std::string out_;
  std::size_t steps_ = 0;
  bool full_ = false;
};

Result<Mustache> Mustache::parse(std::string_view text) { return MustacheParser(text).run(); }

Result<std::string> Mustache::render(const JsonNode& data, const EscapeText& escape,
                                     const Bounds& bounds) const {
  return MustacheRenderer(*this, escape, bounds).run(data);
}

}  // namespace notify::worker
