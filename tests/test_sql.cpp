// Where a database is, and one of SQLite: migrations, transactions, kinds of errors.

#include <cstdlib>
#include <filesystem>

#include "shared/sql/migrations.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::sql;

namespace {

// A folder that goes with the test.
struct Folder {
  std::string path = "/tmp/notify-test-sql-XXXXXX";
  Folder() { ck_assert(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

START_TEST(urls) {
  EXPECT_EQ(parse_database_url("sqlite:a/b.db")->path, "a/b.db");
  EXPECT_EQ(parse_database_url("sqlite:///a/b.db")->path, "/a/b.db");
  struct Row {
    const char* url;
    const char* place;
  };
  const Row rows[] = {
      {"postgresql://u:geheim@db:5433/x?sslmode=require", "postgresql://db:5433/x"},
      {"postgres://db/x", "postgresql://db/x"},
      {"postgresql+asyncpg://u:geheim@db/x", "postgresql://db/x"},
      {"postgresql:///x?host=/tmp/geheim", "postgresql:///x"},
      {"postgresql://u:ge@heim@db/x", "postgresql://db/x"},
      {"postgresql://u:ge/heim@db/x", "postgresql://"},
  };
  for (const auto& row : rows) {
    const auto url = parse_database_url(row.url);
    EXPECT_ROW(row.url, url.ok());
    EXPECT_EQ_ROW(row.url, url->place, row.place);
    EXPECT_ROW(row.url, url->connect.starts_with("postgresql://"));
    EXPECT_ROW(row.url, url->connect.find("connect_timeout=3") != std::string::npos);
  }
  EXPECT(
      parse_database_url("postgresql://h/d?connect_timeout=9")->connect.find("connect_timeout=3") ==
      std::string::npos);
  for (const char* text : {"", "sqlite:", "sqlite://x/y", "sqlite:/x/", "mysql://h/geheim",
                           "postgresql:geheim", "postgresqlx://h", "/geheim", "sqlite:a\"b"}) {
    const auto url = parse_database_url(text);
    EXPECT_ROW(text, !url.ok());
    EXPECT_ROW(text, url.error().message.find("geheim") == std::string::npos);
  }
}
END_TEST

START_TEST(migrations) {
  const Folder folder;
  const auto url = parse_database_url(default_database_url(folder.path));
  auto session = Session::open(*url);
  ck_assert(session.ok());
  EXPECT_EQ(*current_migration(**session), 0);
  const auto first = migrate(**session);
  ck_assert(first.ok());
  EXPECT_EQ(first->size(), static_cast<std::size_t>(latest_migration()));
  EXPECT_EQ(*current_migration(**session), latest_migration());
  EXPECT(migrate(**session)->empty());

  ck_assert((*session)->run("INSERT INTO schema_migrations VALUES (999, 'x', 'x')").ok());
  EXPECT_EQ(migrate(**session).error().kind, ErrorKind::kConflict);
}
END_TEST

START_TEST(sessions) {
  const Folder folder;
  const auto url = *parse_database_url("sqlite:" + folder.path + "/a b.db");
  auto opened = Session::open(url);
  ck_assert(opened.ok());
  auto& session = **opened;
  ck_assert(session.run("CREATE TABLE t (a TEXT UNIQUE, b TEXT)").ok());
  const std::string bytes = "'; DROP TABLE t; -- ? :p1 \xc3\xbc";
  EXPECT_EQ(*session.run("INSERT INTO t (a, b) VALUES (?, ?)", {bytes, std::nullopt}), 1);
  const auto rows = session.query("SELECT a, b FROM t WHERE a = ?", 2, {bytes});
  ck_assert(rows.ok() && rows->size() == 1);
  EXPECT_EQ(*rows->front()[0], bytes);
  EXPECT(!rows->front()[1].has_value());

  const auto twice = session.run("INSERT INTO t (a) VALUES (?)", {bytes});
  EXPECT_EQ(twice.error().kind, ErrorKind::kConflict);
  const auto wrong = session.run("INSERT INTO nothing VALUES (?)", {std::string("geheim")});
  EXPECT_EQ(wrong.error().kind, ErrorKind::kInternal);
  EXPECT(wrong.error().message.find("geheim") == std::string::npos);
  EXPECT(wrong.error().message.find("INSERT") == std::string::npos);

  const auto undone = in_transaction(session, [&session]() -> Result<int> {
    ck_assert(session.run("DELETE FROM t").ok());
    return Error{ErrorKind::kConflict, "not so"};
  });
  EXPECT_EQ(undone.error().message, "not so");
  EXPECT_EQ(session.query("SELECT a FROM t", 1)->size(), 1);
  ck_assert(in_transaction(session, [&session]() -> Result<int> {
              ck_assert(session.run("DELETE FROM t").ok());
              return 1;
            }).ok());
  EXPECT(session.query("SELECT a FROM t", 1)->empty());

  EXPECT_EQ(Session::open(*parse_database_url("sqlite:/nowhere/x.db")).error().kind,
            ErrorKind::kUnavailable);
}
END_TEST

// Prepared once, and the same as others at each run, also after one that failed.
START_TEST(kept) {
  const Folder folder;
  auto opened = Session::open(*parse_database_url("sqlite:" + folder.path + "/kept.db"));
  ck_assert(opened.ok());
  auto& session = **opened;
  constexpr auto kYes = Session::Keep::kYes;
  ck_assert(session.run("CREATE TABLE t (a TEXT UNIQUE, b TEXT)").ok());
  const char* insert = "INSERT INTO t (a, b) VALUES (?, ?)";
  const char* select = "SELECT b FROM t WHERE a = ? OR ? = 'all' ORDER BY a";
  for (const std::string name : {"1", "2", "2", "3"}) {
    const bool there = !session.query(select, 1, {name, "one"}, kYes)->empty();
    const Text value = name == "3" ? Text() : Text("b" + name);
    const auto done = session.run(insert, {name, value}, kYes);
    EXPECT_EQ(done.ok(), !there);
    EXPECT(there ? done.error().kind == ErrorKind::kConflict : *done == 1);
  }
  EXPECT(session.query(select, 1, {"4", "one"}, kYes)->empty());
  const auto rows = session.query(select, 1, {"", "all"}, kYes);
  ck_assert(rows.ok() && rows->size() == 3);
  EXPECT_EQ(*(*rows)[1][0], "b2");
  EXPECT(!(*rows)[2][0].has_value());
  ck_assert(session.begin().ok());
  EXPECT_EQ(*session.run("DELETE FROM t WHERE a = ?", {"1"}, kYes), 1);
  ck_assert(session.commit().ok());
  EXPECT_EQ(session.query(select, 1, {"", "all"}, kYes)->size(), 2);
}
END_TEST

}  // namespace

CHECK_MAIN("sql", urls, migrations, sessions, kept)
