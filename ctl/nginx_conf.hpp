#pragma once

// nginx's configuration as it is written: words, blocks and files that are included. Not what each
// word means. Pure: files come by a function.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify::ctl {

// `listen 8080;` or `server { … }`.
struct Directive {
  std::vector<std::string> words;  // the first one is its name
  std::vector<Directive> block;

  [[nodiscard]] std::string_view name() const { return words.front(); }
  [[nodiscard]] std::string_view word(std::size_t index) const {
    return index < words.size() ? std::string_view(words[index]) : std::string_view();
  }
};
using Directives = std::vector<Directive>;

// The texts of the files that an `include` names, in their order; none where there are none.
using IncludedFiles = std::function<Result<std::vector<std::string>>(const std::string& pattern)>;

// `include` stands for what is in the files. kInvalid: a block without its end, or files that
// include each other without end.
Result<Directives> parse_nginx_conf(std::string_view text, const IncludedFiles& included);

}  // namespace notify::ctl
