#include "shared/base/secret.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

// A file that goes with its scope.
class Scratch {
 public:
  explicit Scratch(std::string_view content) {
    const int fd = ::mkstemp(path_);
    EXPECT(fd >= 0);
    EXPECT_EQ(::write(fd, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::close(fd);
  }
  ~Scratch() { ::unlink(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string spec() const { return "file:" + std::string(path_); }

 private:
  char path_[32] = "/tmp/notify-secret-XXXXXX";
};

START_TEST(literal) {
  EXPECT_EQ(*resolve_secret("s3cret"), "s3cret");
  EXPECT_EQ(*resolve_secret("environment:X"), "environment:X");
  EXPECT_EQ(*resolve_secret(" env:X"), " env:X");
  EXPECT(!resolve_secret("").ok());
}
END_TEST

START_TEST(environment) {
  ::setenv("NOTIFY_TEST_SECRET", "from the environment", 1);
  ::setenv("NOTIFY_TEST_EMPTY", "", 1);
  ::unsetenv("NOTIFY_TEST_UNSET");
  EXPECT_EQ(*resolve_secret("env:NOTIFY_TEST_SECRET"), "from the environment");
  EXPECT_EQ(resolve_secret("env:NOTIFY_TEST_EMPTY").error().message,
            "environment variable \"NOTIFY_TEST_EMPTY\" is empty");
  EXPECT_EQ(resolve_secret("env:NOTIFY_TEST_UNSET").error().message,
            "environment variable \"NOTIFY_TEST_UNSET\" is not set");
  EXPECT(!resolve_secret("env:").ok());
  EXPECT_EQ(resolve_secret("env:").error().kind, ErrorKind::kInvalid);
}
END_TEST

START_TEST(first_line_of_a_file) {
  struct Row {
    std::string_view content;
    std::string_view secret;
  };
  constexpr Row kRows[] = {
      {"key", "key"},       {"key\n", "key"},       {"key\r\n", "key"}, {"key\nsecond\n", "key"},
      {" key \n", " key "}, {"k\0y\n"sv, "k\0y"sv}, {"a\rb\n", "a\rb"},
  };
  for (const Row& row : kRows) {
    const Scratch file(row.content);
    const auto secret = resolve_secret(file.spec());
    EXPECT_ROW(row.content, secret.ok());
    EXPECT_EQ_ROW(row.content, *secret, row.secret);
  }
}
END_TEST

START_TEST(files_that_hold_none) {
  for (const std::string_view content : {""sv, "\n"sv, "\r\n"sv, "\nkey\n"sv}) {
    const Scratch file(content);
    const auto secret = resolve_secret(file.spec());
    EXPECT_ROW(content, !secret.ok());
    EXPECT_EQ_ROW(content, secret.error().message,
                  "first line of \"" + file.spec().substr(5) + "\" is empty");
  }
  const Scratch large(std::string(100'000, 'x'));
  EXPECT(!resolve_secret(large.spec()).ok());
  EXPECT(resolve_secret(large.spec()).error().message.find("xxx") == std::string::npos);
  EXPECT_EQ(resolve_secret("file:/nonexistent/key").error().message,
            "cannot open \"/nonexistent/key\": No such file or directory");
  EXPECT_EQ(resolve_secret("file:/tmp").error().message, "cannot read \"/tmp\": Is a directory");
  EXPECT_EQ(resolve_secret("file:").error().message, "cannot open \"\": No such file or directory");
  EXPECT(!resolve_secret("file:/dev/zero").ok());
}
END_TEST

}  // namespace

CHECK_MAIN("secret", literal, environment, first_line_of_a_file, files_that_hold_none)
