#include "ngx_notify_module/wire/path_pattern.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

std::string joined(const std::optional<std::vector<std::string>>& names) {
  if (!names) {
    return "no";
  }
  std::string text = "yes";
  for (const std::string& name : *names) {
    text += "|" + name;
  }
  return text;
}

START_TEST(matches_what_the_client_wrote) {
  struct Row {
    std::string_view pattern;
    std::string_view path;
    std::string_view names;
  };
  constexpr Row kRows[] = {
      {"/a/{x}/b", "/a/1/b", "yes|1"},
      {"/a/{x}/b", "/a/1/b?q=/c", "yes|1"},
      {"/a/{x}/b", "/a/1/b#/c", "yes|1"},
      {"/a/{x}/b", "/a/1%2F2/b", "yes|1/2"},
      {"/a/{x}/b", "/a/1%2f..%2Fb/b", "yes|1/../b"},
      {"/a/{x}/b", "/a/%3F%23/b", "yes|?#"},
      {"/a/{x}/b", "/a/..%FF%0A/b", "yes|..\xff\n"},
      {"/a/{x}/b", "/a/%/b", "yes|%"},
      {"/a/{x}/b", "/a/+/b", "yes|+"},
      {"/a/{x}/b", "/%61/1/%62", "yes|1"},
      {"/a/{x}/b", "/a//b", "no"},
      {"/a/{x}/b", "/a/1/b/", "no"},
      {"/a/{x}/b", "//a/1/b", "no"},
      {"/a/{x}/b", "/a/1/2/b", "no"},
      {"/a/{x}/b", "/a/1", "no"},
      {"/a/{x}/b", "/a/1/B", "no"},
      {"/a/{x}/b", "/a%2F1%2Fb", "no"},
      {"/a/{x}/b", "", "no"},
      {"/a/{x}/b", "?", "no"},
      {"/{x}/{y}", "/%7By%7D/2", "yes|{y}|2"},
      {"/{x}", "/1", "yes|1"},
      {"/{x}", "/", "no"},
      {"/", "/", "yes"},
      {"/a/", "/a/", "yes"},
      {"/a/", "/a", "no"},
  };
  for (const Row& row : kRows) {
    const auto pattern = PathPattern::parse(row.pattern);
    ck_assert(pattern.ok());
    EXPECT_EQ_ROW(row.path, joined(pattern->match(row.path)), row.names);
  }
}
END_TEST

START_TEST(keeps_encoded_slashes_out_of_names) {
  struct Row {
    std::string_view path;
    std::string_view names;
  };
  constexpr Row kRows[] = {
      {"/a/1/b", "yes|1"},       {"/a/%31/b", "yes|1"},     {"/a/1%2F2/b", "no"},
      {"/a/%2f/b", "no"},        {"/a/1%2F..%2F2/b", "no"}, {"/a/1%252F2/b", "yes|1%2F2"},
      {"/a/%2e%2e/b", "yes|.."}, {"/a/x/..%2F1/b", "no"},
  };
  const auto pattern = PathPattern::parse("/a/{x}/b", PathPattern::Slashes::kNone);
  ck_assert(pattern.ok());
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.path, joined(pattern->match(row.path)), row.names);
  }
}
END_TEST

START_TEST(refuses_patterns_that_mean_nothing) {
  for (const std::string_view text :
       {"", "a", "a/{x}", "/{}", "/{", "/}", "/x{y}", "/{x}y", "/{x}{y}", "/{x-y}", "/{x y}",
        "/{{x}}", "/a?b", "/a#b", "/{x}/{x}"}) {
    EXPECT_ROW(text, !PathPattern::parse(text).ok());
  }
}
END_TEST

START_TEST(knows_its_names) {
  const auto pattern = PathPattern::parse("/a/{x}/b/{y}");
  ck_assert(pattern.ok());
  EXPECT_EQ(pattern->find("x").value_or(9), 0U);
  EXPECT_EQ(pattern->find("y").value_or(9), 1U);
  EXPECT(!pattern->find("a"));
}
END_TEST

}  // namespace

CHECK_MAIN("path_pattern", matches_what_the_client_wrote, keeps_encoded_slashes_out_of_names,
           refuses_patterns_that_mean_nothing, knows_its_names)
