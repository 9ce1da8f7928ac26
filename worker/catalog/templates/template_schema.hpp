#pragma once

// A template's JSON Schema (drafts 4, 6 and 7), and data under it. Pure.
//
// What a schema may be stands in schema_rules.hpp. Data has kMostDataNodes values at most, and 64
// levels. Its validation is counted in steps, each bounded by a constant, and given up after
// `steps` of them: 100,000 are some milliseconds, whatever schema and data are together.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/validation.hpp"
#include "worker/catalog/templates/schema_rules.hpp"

namespace notify::worker {

inline constexpr std::size_t kMostDataNodes = 5'000;

// What is wrong with it; nullopt: data can be validated.
std::optional<std::string> check_schema(std::string_view schema);

// What is wrong with the data; places are `body.data.…`. A schema that is none is one error.
std::vector<FieldError> validate_data(std::string_view schema, std::string_view data,
                                      std::size_t steps);

}  // namespace notify::worker
