#pragma once

// A template's JSON Schema (drafts 4 to 7, by valijson), and data under it. Pure.
//
// What could make a validation endless is refused with the schema: references that are not within
// it (`#/…`), that lead back to themselves, or to more than kMostSchemaNodes nodes once they are
// followed; `pattern` and `patternProperties`, since regular expressions may take exponential time.
// What data is compared with (`enum`, `const`) counts as nodes. Data has kMostDataNodes values at
// most, and 64 levels; lists have 1,000 elements at most where some are to be unique.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/validation.hpp"

namespace notify::worker {

inline constexpr std::size_t kMostSchemaNodes = 2'000;
inline constexpr std::size_t kMostDataNodes = 5'000;

// What is wrong with it; nullopt: data can be validated.
std::optional<std::string> check_schema(std::string_view schema);

// What is wrong with the data; places are `body.data.…`. A schema that is none is one error.
std::vector<FieldError> validate_data(std::string_view schema, std::string_view data);

}  // namespace notify::worker
