// Which operation a path means, and who may.

#include "tests/check_main.hpp"
#include "worker/catalog/api/router.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

START_TEST(operations) {
  struct Case {
    const char* method;
    const char* path;
    Operation operation;
    const char* part;
  };
  const Case cases[] = {
      {"GET", "/api/health", Operation::kHealth, ""},
      {"POST", "/api/clients", Operation::kCreate, ""},
      {"PUT", "/api/clients/7/regenerate_api_key", Operation::kRegenerateKey, "7"},
      {"DELETE", "/api/clients/7/mark_inactive", Operation::kDeactivate, "7"},
      {"GET", "/api/channels/name/a%20b", Operation::kFind, "a b"},
      {"GET", "/api/channels/name/providers", Operation::kFind, "providers"},
      {"GET", "/api/channels/7/providers", Operation::kListOf, "7"},
      {"GET", "/api/providers/name/x%2Fy", Operation::kFind, "x/y"},
      {"GET", "/api/templates", Operation::kList, ""},
      {"PUT", "/api/templates/7", Operation::kUpdate, "7"},
      {"GET", "/api/receivers/7/requests", Operation::kListOf, "7"},
      {"GET", "/api/requests/7/status", Operation::kStatus, "7"},
  };
  for (const auto& row : cases) {
    const auto match = match_route(row.method, row.path);
    ck_assert_msg(match.route != nullptr, "%s %s", row.method, row.path);
    EXPECT_EQ_ROW(row.path, match.route->operation, row.operation);
    EXPECT_EQ_ROW(row.path, match.part, row.part);
    EXPECT_ROW(row.path,
               (match.route->access == Access::kOpen) == (row.operation == Operation::kHealth));
  }
}
END_TEST

START_TEST(nothing) {
  for (const char* path : {"", "/", "/api", "/api/", "/api/clients/", "/api//clients", "/clients",
                           "/api/clients/7/", "/api/clients//mark_inactive", "/api/clients/7/8/9",
                           "/api/channels/name/", "/API/clients"}) {
    const auto match = match_route("GET", path);
    EXPECT_ROW(path, match.route == nullptr);
    EXPECT_ROW(path, match.allow.empty());
  }
}
END_TEST

START_TEST(methods) {
  EXPECT_EQ(match_route("PATCH", "/api/clients").allow, "POST, GET");
  EXPECT_EQ(match_route("POST", "/api/health").allow, "GET");
  EXPECT_EQ(match_route("GET", "/api/clients/7/mark_inactive").allow, "DELETE");
}
END_TEST

}  // namespace

CHECK_MAIN("catalog router", operations, nothing, methods)
