#include "ngx_notify_module/wire/name_pattern.hpp"

#include <string>

#include "tests/check_main.hpp"

using namespace notify;

namespace {

START_TEST(matches_whole_names) {
  struct Row {
    std::string_view pattern;
    std::string_view name;
    bool matches;
  };
  constexpr Row kRows[] = {
      {"a", "a", true},
      {"a", "ab", false},
      {"a", "", false},
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"**", "", true},
      {"a*", "a", true},
      {"a*", "abc", true},
      {"a*", "ba", false},
      {"*a", "cba", true},
      {"*a", "ab", false},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "abbcbc", true},
      {"a*b*c", "aXcYb", false},
      {"?", "a", true},
      {"?", "", false},
      {"?", "ab", false},
      {"a?c", "abc", true},
      {"*?*", "", false},
      {"user:*", "user:1", true},
      {"user:*", "users", false},
      {"[a]", "a", false},
      {"*:notiq:*", "local:notiq:notifications:7", true},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(std::string(row.pattern) + " " + std::string(row.name),
                  matches_pattern(row.pattern, row.name), row.matches);
  }
  EXPECT(!matches_pattern("*a*a*a*a*a*a*a*b", std::string(100'000, 'a')));
}
END_TEST

}  // namespace

CHECK_MAIN("name_pattern", matches_whole_names)
