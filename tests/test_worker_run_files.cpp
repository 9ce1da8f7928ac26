// Files that tell of the worker: whole or not there; and who a worker is after it was killed.

#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "worker/process/run_files.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;
namespace fs = std::filesystem;

namespace {

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/notify-run-XXXXXX";
    path = mkdtemp(name);
  }
  ~TempFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string token_in(const std::string& path) {
  Identity identity;
  EXPECT(identity.take(path).ok());
  return identity.token();
}

START_TEST(files_come_and_go) {
  const TempFolder folder;
  const auto path = folder.path + "/x.pid";
  {
    RunFile file;
    EXPECT(file.write(path, "first\n").ok());
    EXPECT(file.write(path, "2\n").ok());
    EXPECT_EQ(text_of(path), "2\n");
  }
  EXPECT(fs::is_empty(folder.path));
  RunFile nowhere;
  const auto failed = nowhere.write(folder.path + "/no/x.pid", "1\n");
  EXPECT(!failed.ok());
  EXPECT(failed.error().message.find("/no/x.pid") != std::string::npos);
}
END_TEST

START_TEST(a_successor_is_the_same_worker) {
  const TempFolder folder;
  const auto first = token_in(folder.path);
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(token_in(folder.path), first);
  // Also of one that was killed: the kernel gives its lock back.
  int told[2];
  EXPECT_EQ(pipe(told), 0);
  const pid_t child = fork();
  if (child == 0) {
    Identity identity;
    const bool same = identity.take(folder.path).ok() && identity.token() == first;
    const char answer = same ? 'y' : 'n';
    if (write(told[1], &answer, 1) == 1) {
      pause();
    }
    _exit(1);
  }
  char answer = 0;
  EXPECT_EQ(read(told[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT(token_in(folder.path) != first);  // it lives: we are another one
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(token_in(folder.path), first);
}
END_TEST

START_TEST(those_who_share_a_folder_differ) {
  const TempFolder folder;
  Identity a;
  Identity b;
  Identity c;
  EXPECT(a.take(folder.path).ok() && b.take(folder.path).ok() && c.take(folder.path).ok());
  EXPECT(a.token() != b.token() && b.token() != c.token() && a.token() != c.token());
}
END_TEST

START_TEST(a_copy_is_somebody_else) {
  const TempFolder folder;
  const TempFolder copy;
  const auto token = token_in(folder.path);
  fs::copy(folder.path, copy.path, fs::copy_options::recursive);
  EXPECT(token_in(copy.path) != token);
}
END_TEST

START_TEST(without_a_file_it_is_a_random_one) {
  Identity a;
  Identity b;
  EXPECT(!a.take("/nonexistent").ok());
  EXPECT(!b.take("/nonexistent").ok());
  EXPECT_EQ(a.token().size(), 32U);
  EXPECT(a.token() != b.token());
  // A file of another size is written anew; a symbolic link is not followed.
  const TempFolder folder;
  std::ofstream(folder.path + "/notify-worker-1.id") << "short";
  EXPECT_EQ(token_in(folder.path), token_in(folder.path));
  const TempFolder linked;
  fs::create_symlink(folder.path + "/notify-worker-1.id", linked.path + "/notify-worker-1.id");
  EXPECT(!a.take(linked.path).ok());
}
END_TEST

}  // namespace

CHECK_MAIN("worker run files", files_come_and_go, a_successor_is_the_same_worker,
           those_who_share_a_folder_differ, a_copy_is_somebody_else,
           without_a_file_it_is_a_random_one)
