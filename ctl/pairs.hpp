#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/model/entry_id.hpp"

namespace notify::ctl {

using Pair = std::pair<std::string, std::string>;

// Words NAME=VALUE. The first `=` divides; the value is taken as it is and may be empty. Errors
// name the word: `"message" is not FIELD=VALUE` (`what` stands for the form).
Result<std::vector<Pair>> parse_pairs(const std::vector<std::string>& words, std::string_view what);

// An id as an operator has it at hand: as Redis prints it (1700000000000-1), a bare time (0,
// 1700000000000), or as subscribers see it (1700000000000-00000001). Redis never prints a leading
// zero, so eight digits of which the first is one are the hexadecimal spelling.
Result<EntryId> parse_any_id(std::string_view text);

// The claims of a development token as a JSON object: a value that is JSON (12, true, ["a"],
// "12") is taken as such, anything else is a string. `sub` is the first member; `iat` and `exp`
// follow unless `claims` has them (exp not if ttl_seconds is 0). kInvalid if a name repeats.
Result<std::string> claims_json(std::string_view subject, const std::vector<Pair>& claims,
                                std::int64_t now_unix, std::int64_t ttl_seconds);

}  // namespace notify::ctl
