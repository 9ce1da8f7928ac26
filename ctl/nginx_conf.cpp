#include "ctl/nginx_conf.hpp"

#include <algorithm>
#include <utility>

namespace notify::ctl {
namespace {

constexpr int kDeepest = 32;  // blocks and files, one in the other
constexpr std::string_view kBlank = " \t\r\n";

// As ngx_conf_read_token(): quotes hold a word together, a backslash the next character.
class Parser {
 public:
  Parser(std::string_view text, const IncludedFiles& included, int depth)
      : text_(text), included_(included), depth_(depth) {}

  Result<void> read(Directives& out, bool in_block);
  [[nodiscard]] std::string_view rest() const { return text_; }

 private:
  void skip();
  std::string word();
  std::string quoted(char quote);
  Result<void> finish(Directives& out, Directive directive, bool block);
  Result<void> include(Directives& out, const std::string& pattern);
  Result<void> skip_block();  // of another language

  std::string_view text_;
  const IncludedFiles& included_;
  int depth_;
};

// Blanks and comments.
void Parser::skip() {
  while (!text_.empty()) {
    if (kBlank.find(text_.front()) != std::string_view::npos) {
      text_.remove_prefix(1);
    } else if (text_.front() == '#') {
      text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
    } else {
      return;
    }
  }
}

std::string Parser::quoted(char quote) {
  std::string out;
  for (text_.remove_prefix(1); !text_.empty() && text_.front() != quote; text_.remove_prefix(1)) {
    if (text_.front() == '\\' && text_.size() > 1) {
      text_.remove_prefix(1);
    }
    out += text_.front();
  }
  text_.remove_prefix(text_.empty() ? 0 : 1);
  return out;
}

std::string Parser::word() {
  if (text_.front() == '"' || text_.front() == '\'') {
    return quoted(text_.front());
  }
  std::string out;
  for (bool variable = false; !text_.empty(); text_.remove_prefix(1)) {
    const char c = text_.front();
    const bool opens = c == '{' && !variable;  // ${name} is a part of the word
    if (kBlank.find(c) != std::string_view::npos || c == ';' || opens) {
      break;
    }
    variable = c == '$';
    if (c == '\\' && text_.size() > 1) {
      out += c;
      text_.remove_prefix(1);
    }
    out += text_.front();
  }
  return out;
}

Result<void> Parser::skip_block() {
  for (int open = 1; open > 0; text_.remove_prefix(1)) {
    if (text_.empty()) {
      return invalid("a block without its end");
    }
    open += text_.front() == '{' ? 1 : text_.front() == '}' ? -1 : 0;
  }
  return {};
}

Result<void> Parser::include(Directives& out, const std::string& pattern) {
  const auto files = included_(pattern);
  if (!files) {
    return files.error();
  }
  for (const std::string& file : *files) {
    Parser parser(file, included_, depth_ + 1);
    if (auto done = parser.read(out, false); !done) {
      return done;
    }
  }
  return {};
}

Result<void> Parser::finish(Directives& out, Directive directive, bool block) {
  if (directive.words.empty()) {
    return {};
  }
  if (directive.name() == "include" && !block) {
    return include(out, std::string(directive.word(1)));
  }
  if (block && directive.name().ends_with("_block")) {  // Lua
    return skip_block();
  }
  if (block) {
    Parser parser(text_, included_, depth_ + 1);
    if (auto done = parser.read(directive.block, true); !done) {
      return done;
    }
    text_ = parser.rest();
  }
  out.push_back(std::move(directive));
  return {};
}

Result<void> Parser::read(Directives& out, bool in_block) {
  if (depth_ > kDeepest) {
    return invalid("blocks or files stand too deep in each other");
  }
  Directive directive;
  for (skip(); !text_.empty(); skip()) {
    const char c = text_.front();
    if (c == '}') {
      text_.remove_prefix(1);
      return in_block ? Result<void>() : invalid("a `}` too many");
    }
    if (c != ';' && c != '{') {
      directive.words.push_back(word());
      continue;
    }
    text_.remove_prefix(1);
    if (auto done = finish(out, std::exchange(directive, {}), c == '{'); !done) {
      return done;
    }
  }
  return in_block ? invalid("a block without its end") : Result<void>();
}

}  // namespace

Result<Directives> parse_nginx_conf(std::string_view text, const IncludedFiles& included) {
  Directives out;
  Parser parser(text, included, 0);
  if (auto done = parser.read(out, false); !done) {
    return done.error();
  }
  return out;
}

}  // namespace notify::ctl
