// The test suites of the specifications, as others publish them: t/template_suites.t brings their
// files. Without files it shows that it can fail.
//
//   test_template_suites mustache FILE...     each has {"tests":[{"name","data","template",…}]}
//   test_template_suites schema FILE...       each has [{"schema","tests":[{"data","valid"}]}]
//
// Prints `ok`, `not ok` or `excluded` for each, with its name.

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/check_main.hpp"
#include "worker/catalog/templates/json_tree.hpp"
#include "worker/catalog/templates/template_schema.hpp"
#include "worker/catalog/templates/template_text.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

const JsonTree::Bounds kBounds{1'000'000, 500};
constexpr Mustache::Bounds kTextBounds{100'000, 256 * 1024};
constexpr std::size_t kSteps = 100'000;

std::string text_of(const JsonNode& node, std::string_view name) {
  const auto* member = node.find(name);
  return member == nullptr ? std::string() : member->text;
}

std::string raw_of(const JsonNode& node, std::string_view name) {
  const auto* member = node.find(name);
  return member == nullptr ? std::string("null") : std::string(member->raw);
}

// What it should be, for each case of a file of Mustache's.
int run_mustache(const JsonNode& file, const std::string& title) {
  int failed = 0;
  const auto* tests = file.find("tests");
  for (std::size_t i = 0; tests != nullptr && i < tests->elements.size(); ++i) {
    const auto& test = *tests->elements[i];
    const auto out = render_template(text_of(test, "template"), raw_of(test, "data"), Escape::kHtml,
                                     kTextBounds);
    const bool good = out && *out == text_of(test, "expected");
    const bool excluded = !out && out.error().message.starts_with("partials (");
    failed += good || excluded ? 0 : 1;
    std::printf("%s - %s: %s\n", good ? "ok" : (excluded ? "excluded" : "not ok"), title.c_str(),
                text_of(test, "name").c_str());
    if (!good && !excluded) {
      std::printf("# got: %s\n", (out ? *out : out.error().message).c_str());
    }
  }
  return failed;
}

// Refused by design: see docs/catalog.md. Each has words of its own.
bool is_excluded(const std::string& problem) {
  for (const char* words : {"`pattern` is not", "`patternProperties` is not",
                            "a reference has to begin", "`$id` inside of"}) {
    if (problem.starts_with(words)) {
      return true;
    }
  }
  return false;
}

int run_schema(const JsonNode& file, const std::string& title) {
  int failed = 0;
  for (const auto* group : file.elements) {
    const auto schema = raw_of(*group, "schema");
    const auto problem = check_schema(schema);
    const auto* tests = group->find("tests");
    for (std::size_t i = 0; tests != nullptr && i < tests->elements.size(); ++i) {
      const auto& test = *tests->elements[i];
      const bool valid = validate_data(schema, raw_of(test, "data"), kSteps).empty();
      const bool wanted = test.find("valid") != nullptr && test.find("valid")->is_true();
      const char* verdict = problem           ? (is_excluded(*problem) ? "excluded" : "not ok")
                            : valid == wanted ? "ok"
                                              : "not ok";
      failed += std::string_view(verdict) == "not ok" ? 1 : 0;
      std::printf("%s - %s: %s: %s%s%s\n", verdict, title.c_str(),
                  text_of(*group, "description").c_str(), text_of(test, "description").c_str(),
                  problem ? " # " : "", problem ? problem->c_str() : "");
    }
  }
  return failed;
}

int run_files(int count, char** arguments) {
  const std::string kind = arguments[0];
  int failed = 0;
  for (int i = 1; i < count; ++i) {
    const std::string path = arguments[i];
    std::ifstream stream(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream),
                           std::istreambuf_iterator<char>()};
    const auto tree = JsonTree::parse(text, kBounds);
    if (!tree) {
      std::printf("not ok - %s: %s\n", path.c_str(), tree.error().message.c_str());
      ++failed;
      continue;
    }
    const auto title = path.substr(path.rfind('/') + 1);
    failed +=
        kind == "schema" ? run_schema(tree->root(), title) : run_mustache(tree->root(), title);
  }
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

START_TEST(a_wrong_case_fails) {
  const std::string mustache =
      R"({"tests":[{"name":"x","data":{"a":1},"template":"{{a}}","expected":"2"}]})";
  const std::string schema =
      R"([{"description":"x","schema":{},"tests":[{"description":"y","data":1,"valid":false}]},)"
      R"({"description":"x","schema":{"type":7},"tests":[{"description":"y","data":1,"valid":false}]},)"
      R"({"description":"x","schema":{"pattern":"a"},"tests":[{"data":1,"valid":true}]}])";
  EXPECT_EQ(run_mustache(JsonTree::parse(mustache, kBounds)->root(), "own"), 1);
  EXPECT_EQ(run_schema(JsonTree::parse(schema, kBounds)->root(), "own"), 2);
}
END_TEST

}  // namespace

int main(int argc, char** argv) {
  return argc > 1 ? run_files(argc - 1, argv + 1)
                  : notify::test::run("template suites", {a_wrong_case_fails});
}
