#pragma once

// Entries as text for a terminal or for a program. Pure.

#include <string>
#include <string_view>

#include "shared/model/entry.hpp"

namespace notify::ctl {

// As a shell takes it: bare where nothing in it is special, else in quotes. What could move a
// terminal's cursor or hide text (control characters, malformed UTF-8, direction overrides)
// becomes $'\xNN', so what is printed is always harmless and always one line.
std::string shell_word(std::string_view bytes);

// "<id>  <field>=<value> …": the pairs can be pasted behind `notifyctl publish STREAM`.
std::string entry_line(const Entry& entry);

// {"id":"<id>","fields":{"<field>":"<value>",…}}: order and repeated fields are kept; bytes that
// are not UTF-8 become U+FFFD.
std::string entry_json(const Entry& entry);

// "2026-11-21 08:52:40.123 UTC" of milliseconds since 1970.
std::string time_text(std::int64_t unix_ms);

}  // namespace notify::ctl
