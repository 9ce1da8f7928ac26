#include "shared/auth/key_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "ctl/key_dir.hpp"
#include "shared/auth/key_file.hpp"
#include "shared/base/clock.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view kStore =
    R"({"users": {"1": {"id": "u1", "created_at": "t", "username": "alice", "api_keys": [)"
    R"({"id": "k1", "created_at": "t1", "salt": "s1", "hash": "h1"}, )"
    R"({"id": "k2", "created_at": "t2", "salt": "s2", "hash": "h2"}]}}})";

// Its error, or "ok:" and how many keys.
std::string outcome(std::string_view text) {
  const auto store = KeyStore::parse(text);
  return store ? "ok:" + std::to_string(store->key_count()) : store.error().message;
}

START_TEST(texts) {
  struct Row {
    std::string_view text;
    std::string_view outcome;
  };
  constexpr Row kRows[] = {
      {kStore, "ok:2"},
      {"{}", "ok:0"},
      {R"({"users":{}})", "ok:0"},
      {R"({"_default":{"1":[]}})", "ok:0"},
      {R"({"users":{"1":{"username":"a"}}})", "ok:0"},
      {R"({"users":{"x":{"username":"a","api_keys":[{"salt":"","hash":""}]}}})", "ok:1"},
      {R"({"users":{"1":{"username":"\ud800","api_keys":[]}}})", "ok:0"},
      {"[]", "it is not a JSON object"},
      {"null", "it is not a JSON object"},
      {R"({"users":[]})", "\"users\" is not an object"},
      {R"({"users":{"1":7}})", "user \"1\" is not an object"},
      {R"({"users":{"1":{}}})", "user \"1\": username is not a string"},
      {R"({"users":{"1":{"username":7}}})", "user \"1\": username is not a string"},
      {R"({"users":{"1":{"username":"a","api_keys":{}}}})", "user \"1\": api_keys is not an array"},
      {R"({"users":{"1":{"username":"a","api_keys":[7]}}})",
       "user \"1\": api_keys[0] is not an object"},
      {R"({"users":{"1":{"username":"a","api_keys":[{"hash":"h"}]}}})",
       "user \"1\": api_keys[0].salt is not a string"},
      {R"({"users":{"1":{"username":"a","api_keys":[{"salt":"s","hash":1}]}}})",
       "user \"1\": api_keys[0].hash is not a string"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, outcome(row.text), row.outcome);
  }
  for (const std::string_view text : {""sv, "{"sv, "\0"sv, "{}x"sv, "{\"users\":{}}\n}"sv}) {
    EXPECT_ROW(text, outcome(text).starts_with("it is not JSON"));
  }
  // Cut anywhere it is no store.
  for (std::size_t size = 0; size < kStore.size(); ++size) {
    EXPECT_ROW(size, !KeyStore::parse(kStore.substr(0, size)).ok());
  }
}
END_TEST

START_TEST(round_trip) {
  auto store = KeyStore::parse(kStore);
  EXPECT(store.ok());
  EXPECT_EQ(store->render(), kStore);
  EXPECT_EQ(store->users()[0].name, "alice");
  EXPECT_EQ(store->users()[0].keys[1].hash.salt, "s2");

  // What nobody here knows stays.
  constexpr std::string_view kForeign =
      R"({"users": {"7": {"username": "a", "x": [1.0, {}], "api_keys": [{"id": 5, "salt": "s", )"
      R"("hash": "h", "y": null}]}}, "_default": {"1": {"z": 1e400}}})";
  auto foreign = KeyStore::parse(kForeign);
  EXPECT_EQ(foreign->render(), kForeign);
  EXPECT_EQ(foreign->users()[0].keys[0].id, "5");
}
END_TEST

START_TEST(adds_and_revokes) {
  KeyStore store;
  EXPECT_EQ(store.render(), R"({"users": {}})");
  store.add("b \"\n\xc3\xbc", {"s", "h"}, {"k1", "t1"}, {"u1", "t0"});
  store.add("b \"\n\xc3\xbc", {"s", "h"}, {"k2", "t2"}, {"u2", "t0"});
  store.add("c", {"s", "h"}, {"k3", "t3"}, {"u3", "t0"});
  const auto again = KeyStore::parse(store.render());
  EXPECT(again.ok());
  EXPECT_EQ(again->users().size(), 2U);
  EXPECT_EQ(again->users()[0].name, "b \"\n\xc3\xbc");
  EXPECT_EQ(again->users()[0].keys.size(), 2U);
  EXPECT_EQ(again->users()[1].number, "2");
  EXPECT_EQ(again->users()[1].keys[0].created_at, "t3");

  EXPECT_EQ(store.revoke_key("k9"), 0U);
  EXPECT_EQ(store.revoke_key("k1"), 1U);
  EXPECT_EQ(store.key_count(), 2U);
  EXPECT_EQ(store.revoke_user("nobody"), 0U);
  EXPECT_EQ(store.revoke_user("c"), 1U);
  EXPECT_EQ(store.key_count(), 1U);
  EXPECT_EQ(store.users().size(), 2U);

  auto numbered = KeyStore::parse(R"({"users":{"41":{"username":"x"},"n":{"username":"y"}}})");
  numbered->add("z", {"s", "h"}, {"k", "t"}, {"u", "t"});
  EXPECT_EQ(numbered->users()[2].number, "42");
}
END_TEST

// ---- files --------------------------------------------------------------------------------------

struct Folder {
  Folder() {
    EXPECT(::mkdtemp(path) != nullptr);
    ::chmod(path, 0755);
  }
  ~Folder() {
    ::unlink(file("auth.json").c_str());
    ::unlink(file("real.json").c_str());
    ::unlink(file("auth.json.new").c_str());
    ::rmdir(path);
  }
  [[nodiscard]] std::string file(const char* name) const { return std::string(path) + "/" + name; }

  char path[32] = "/tmp/notify-keys-XXXXXX";
};

void write_file(const std::string& path, std::string_view text) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  EXPECT(file != nullptr);
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

START_TEST(saves_as_a_whole) {
  const Folder folder;
  {
    const auto dir = ctl::KeyDir::lock(folder.path);
    EXPECT(dir.ok());
    auto store = dir->load();
    EXPECT(store.ok() && store->users().empty());
    store->add("u", {"s", "h"}, {"k", "t"}, {"u", "t"});
    EXPECT(dir->save(*store).ok());
  }
  const std::string file = folder.file("auth.json");
  struct stat facts {};
  EXPECT(::stat(file.c_str(), &facts) == 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0644U);  // the folder's, without what executes

  // Mode and link stay; what one that was killed has left is in nobody's way.
  EXPECT(::rename(file.c_str(), folder.file("real.json").c_str()) == 0);
  EXPECT(::symlink("real.json", file.c_str()) == 0);
  EXPECT(::chmod(file.c_str(), 0440) == 0);
  write_file(folder.file("real.json.new"), "half");
  const FileStamp before = FileStamp::of(file);
  {
    const auto dir = ctl::KeyDir::lock(folder.path);
    EXPECT(dir.ok());
    auto store = dir->load();
    EXPECT_EQ(store->key_count(), 1U);
    store->revoke_key("k");
    EXPECT(dir->save(*store).ok());
  }
  EXPECT(::lstat(file.c_str(), &facts) == 0 && S_ISLNK(facts.st_mode));
  EXPECT(::stat(file.c_str(), &facts) == 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0440U);
  EXPECT(FileStamp::of(file) != before);
  EXPECT(::access(folder.file("real.json.new").c_str(), F_OK) != 0);
}
END_TEST

START_TEST(refuses_to_write_over_what_it_cannot_read) {
  const Folder folder;
  write_file(folder.file("auth.json"), "");
  {
    const auto dir = ctl::KeyDir::lock(folder.path);
    EXPECT(dir->load().ok());  // TinyDB's beginning
  }
  write_file(folder.file("auth.json"), "{\"users\":");
  const auto dir = ctl::KeyDir::lock(folder.path);
  EXPECT(!dir->load().ok());

  EXPECT(!ctl::KeyDir::lock("/no/such/folder").ok());
  EXPECT(!ctl::KeyDir::lock("/etc/hostname").ok());
}
END_TEST

START_TEST(reads) {
  const Folder folder;
  const std::string file = key_file_path(folder.path);
  EXPECT_EQ(file, folder.file("auth.json"));
  EXPECT_EQ(key_file_path("a/"), "a/auth.json");
  EXPECT_EQ(key_file_path("a/b.json"), "a/b.json");

  EXPECT(read_key_file(file).error().kind == ErrorKind::kNotFound);
  EXPECT(FileStamp::of(file) == FileStamp{});
  EXPECT(read_key_file(folder.path).error().kind == ErrorKind::kInvalid);
  EXPECT(read_key_file("/dev/zero").error().kind == ErrorKind::kInvalid);

  write_file(file, "");
  EXPECT_EQ(read_key_file(file).error().message, "it is empty");
  write_file(file, "{}");
  const auto read = read_key_file(file);
  EXPECT(read.ok());
  EXPECT_EQ(read->text, "{}");
  EXPECT(read->stamp == FileStamp::of(file));
  EXPECT(read->stamp.is_fresh(unix_us()));
  EXPECT(!read->stamp.is_fresh(unix_us() + 1'000'000));
  EXPECT(!read->stamp.is_fresh(unix_us() - 1'000'000));
  EXPECT(!FileStamp{}.is_fresh(unix_us()));

  EXPECT(::truncate(file.c_str(), static_cast<off_t>(kMaxKeyFileBytes) + 1) == 0);
  EXPECT_EQ(read_key_file(file).error().message, "it is larger than 16 MB");
}
END_TEST

}  // namespace

CHECK_MAIN("key_store", texts, round_trip, adds_and_revokes, saves_as_a_whole,
           refuses_to_write_over_what_it_cannot_read, reads)
