#pragma once

// The SQL of what all nouns have in common: made, read, listed, changed, deactivated. For jobs of
// the SQL pool; each call may run again after an unknown outcome.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/sql/session.hpp"
#include "worker/catalog/nouns/noun.hpp"

namespace notify::worker {

struct Filter {
  std::string column;  // of the noun, `id` or its key
  std::string value;   // lower case where the column is
};

struct PageOf {
  std::uint64_t limit = 1'000;
  std::uint64_t offset = 0;
};

struct Listed {
  std::vector<std::string> rows;  // as JSON
  std::uint64_t total = 0;        // without the page's bounds
};

// A column that no body sets, such as a client's digest.
using Extra = std::vector<std::pair<std::string_view, std::string>>;

// The row as JSON. kConflict: another row has the name. What is referred to has been looked for.
Result<std::string> create_row(sql::Session& session, const Noun& noun, const std::string& id,
                               const NounValues& values, const Extra& extra = {});
// nullopt: there is none.
Result<std::optional<std::string>> find_row(sql::Session& session, const Noun& noun, Form form,
                                            const std::vector<Filter>& filters);
// A page ends before its objects are more than kMostPageBytes together, but not before its first
// row: 1,000 payloads of 1 MB would take the worker's memory several times.
inline constexpr std::uint64_t kMostPageBytes = 4 * 1024 * 1024;
Result<Listed> list_rows(sql::Session& session, const Noun& noun, Form form,
                         const std::vector<Filter>& filters, const PageOf& page);
// False: there is none.
Result<bool> update_row(sql::Session& session, const Noun& noun, const std::string& id,
                        const NounValues& values);
// The row's title as it is shown; nullopt: there is none.
Result<std::optional<std::string>> deactivate_row(sql::Session& session, const Noun& noun,
                                                  const std::string& id);
// One column, as text; nullopt: there is no such row, or it is null.
Result<std::optional<std::string>> find_value(sql::Session& session, std::string_view table,
                                              std::string_view column, const std::string& id,
                                              bool active_only);

}  // namespace notify::worker
