#pragma once

// What the catalogue has: one table of columns for each noun. Validation of bodies, SQL and the
// JSON of answers follow from it. Pure.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/base/uuid.hpp"
#include "shared/model/validation.hpp"
#include "worker/catalog/answer.hpp"

namespace notify::worker {

enum class ColumnType {
  kText,
  kLower,   // text that is stored in lower case
  kObject,  // an object of JSON, given back as it came
  kUuid,    // refers to a row of another table
};

enum class Write { kNever, kCreate, kCreateAndUpdate };

struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  Write write = Write::kCreateAndUpdate;
  bool required = false;  // when a row is made; what is not may be null
  int most = 0;           // characters
};

struct Noun {
  std::string_view name;   // in messages
  std::string_view table;  // also the path's
  std::string_view title;  // the column that names a row
  std::string_view key;    // a column that holds the title in lower case; empty: none
  Codes codes;
  bool shows_active;                // also in its short form
  std::span<const Column> columns;  // in the order of the JSON, which begins with `id`
};

extern const Noun kClients;
extern const Noun kChannels;
extern const Noun kProviders;
extern const Noun kReceivers;
extern const Noun kTemplates;
extern const Noun kRequests;

// The short form is that which clients of the original know; the full one adds is_active (where the
// noun has it), created_at and updated_at.
enum class Form { kShort, kFull };

// One value for each column of the noun.
struct NounValues {
  struct Value {
    bool given = false;
    bool null = false;
    std::string text;
  };
  std::vector<Value> values;
  std::optional<bool> active;  // an update may say so
  std::vector<FieldError> errors;

  [[nodiscard]] bool ok() const { return errors.empty(); }
  [[nodiscard]] const Value& of(const Noun& noun, std::string_view column) const;
  Value& of(const Noun& noun, std::string_view column);
};

// The stream of a user's notifications is named by APP_ENV, client and user, and nginx serves no
// name of more than 512 bytes, or with a control character: beyond these bounds nobody could
// connect.
inline constexpr std::size_t kMostClientBytes = 171;
inline constexpr std::size_t kMostUserBytes = 255;
std::optional<FieldError> check_user_id(std::string_view user_id);

NounValues read_create(const Noun& noun, std::string_view body);
NounValues read_update(const Noun& noun, std::string_view body);

}  // namespace notify::worker
