#pragma once

// Text as Slack wants it, within the limits that Slack documents. Lengths are counted in UTF-16
// units of what is sent, which is never less than the characters that Slack counts. What is longer
// is cut between two characters, never inside of an escape, and ends in `…`.

#include <cstddef>
#include <string>
#include <string_view>

namespace notify::worker::slack {

inline constexpr std::size_t kMostText = 40'000;    // of a message: Slack cuts there
inline constexpr std::size_t kMostSection = 3'000;  // of a text in a section block
inline constexpr std::size_t kMostContext = 2'000;  // kept below a section's
inline constexpr std::size_t kMostButtonValue = 2'000;
inline constexpr std::size_t kMostBlocks = 50;

// `&`, `<` and `>` become `&amp;`, `&lt;` and `&gt;`, nothing else changes; so no text can mention
// people or hide a link. Malformed UTF-8 becomes U+FFFD.
std::string escape(std::string_view text, std::size_t most);

// The same for text that may hold Slack's own markup: it is cut, too, but not escaped.
std::string shorten(std::string_view text, std::size_t most);

// <@U123>, <!subteam^S123> or <#C123> of an id, with or without its sign; other text, escaped.
std::string mention(std::string_view recipient);

}  // namespace notify::worker::slack
