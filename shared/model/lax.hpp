#pragma once

// What pydantic 2 takes for a boolean, an integer or a number besides the plain spelling, and what
// it says otherwise (its "lax mode" over values that Python's json read).

#include <string>
#include <string_view>

#include "shared/base/json.hpp"

namespace notify {

struct LaxValue {
  std::string raw;         // JSON in its plain spelling; empty where it is refused
  std::string_view error;  // pydantic's type of error; empty if accepted
  std::string_view msg;
};

// true, false; 0 and 1 (also 0.0, 1.0); "true", "t", "yes", "y", "on", "1" and their opposites.
LaxValue lax_boolean(const json::Value& value);

// Integers of any size; 2.0; " 2 ", "+2", "02", "1_000", "2.0"; true and false as 1 and 0.
LaxValue lax_integer(const json::Value& value);

// Numbers of any size; the same as strings, also ".5", "5."; true and false as 1 and 0. Not "nan"
// and "inf", which JSON could not carry on.
LaxValue lax_number(const json::Value& value);

}  // namespace notify
