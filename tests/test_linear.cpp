// What a client sends is looked at in a time that grows with its length, and no faster: a megabyte
// of the worst that each function can get is done within a second of processor time. With the
// square of the length it would be a quarter of an hour.

#include <ctime>
#include <functional>
#include <string>

#include "ngx_notify_module/wire/composite_id.hpp"
#include "ngx_notify_module/wire/last_event_id.hpp"
#include "ngx_notify_module/wire/name_pattern.hpp"
#include "ngx_notify_module/wire/path_pattern.hpp"
#include "ngx_notify_module/wire/secret_mask.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/base/utf8.hpp"
#include "shared/model/stream_name.hpp"
#include "shared/model/validation.hpp"
#include "shared/redis/schema.hpp"
#include "shared/redis/schema_queues.hpp"
#include "tests/check_main.hpp"

using namespace notify;

namespace {

constexpr std::size_t kSize = std::size_t{1} << 20U;

std::string filled(std::string_view piece, std::string_view end = "") {
  std::string text;
  text.reserve(kSize + piece.size() + end.size());
  while (text.size() < kSize) {
    text += piece;
  }
  return text.append(end);
}

double seconds_of(const std::function<void()>& work) {
  const std::clock_t before = std::clock();
  work();
  return static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
}

void is_linear(std::string_view name, const std::function<void(std::string_view)>& look,
               std::string_view piece, std::string_view end = "") {
  const std::string text = filled(piece, end);
  EXPECT_ROW(std::string(name) + " of " + std::string(piece),
             seconds_of([&] { look(text); }) < 1.0);
}

START_TEST(names_and_paths) {
  for (const std::string_view pattern :
       {"*:notiq:*", "*a*a*a*a*b", "?*?*?*b", "aaaaaaaaaaaaaaaab*", "*aaaaaaaaaaaaaaaab"}) {
    for (const std::string_view piece : {"a", ":notiq", ":", "ab", "aaaaaaaaaaaaaaaa"}) {
      is_linear(
          pattern, [=](auto name) { (void)matches_pattern(pattern, name); }, piece);
    }
  }
  for (const auto slashes : {PathPattern::Slashes::kInNames, PathPattern::Slashes::kNone}) {
    const auto pattern = PathPattern::parse("/api/streams/{stream}/groups/{group}/finish", slashes);
    ck_assert(pattern.ok());
    const auto match = [&](std::string_view path) { (void)pattern->match(path); };
    for (const std::string_view piece :
         {"/", "/a", "%2f", "%", "%2", "/groups/a", "/api/streams/a/groups/b", "a"}) {
      is_linear("path", match, piece);
      is_linear("path to its end", match, piece, "/finish");
      is_linear(
          "name",
          [&](auto text) { match("/api/streams/" + std::string(text) + "/groups/g/finish"); },
          piece);
    }
  }
  is_linear(
      "stream name", [](auto name) { (void)check_stream_name(name); }, "a");
  is_linear(
      "side suffix", [](auto text) { (void)redis::is_side_suffix(text); }, "dead:");
}
END_TEST

START_TEST(arguments_and_masks) {
  SecretMask masks;
  masks.add("key");
  for (const std::string_view piece :
       {"token=", "?token=a", "&token=a&", "?", "&", "\"", "\", ", "%", "%2", "%25", "%2525", "25",
        "%3ftoken%3d", "%253Ftoken%253D", "?to%256ben=a", ";key", "=", "?token=\""}) {
    is_linear(
        "mask",
        [&](auto text) {
          std::string line(text);
          masks.apply(line);
          (void)masks.matches(text);
        },
        piece);
  }
  FieldRule rule;
  rule.name = "message";
  rule.in = FieldSource::kQuery;
  for (const std::string_view piece :
       {"&", "a&", "message&", "message=a&", "%6dessage=%61&", "%&", "+&", "=", "=&"}) {
    is_linear(
        "argument",
        [&](auto query) {
          (void)query_arg(query, "none");
          (void)query_args(query, "message");
          (void)validate(std::span(&rule, 1), query, std::nullopt, BodyText::kWhole);
        },
        piece);
  }
  for (const std::string_view piece : {"%", "%4", "%41", "+", "a", " "}) {
    is_linear(
        "decoding", [](auto text) { (void)percent_decode(text, true); }, piece);
    is_linear(
        "trimming", [](auto text) { (void)trim(text); }, piece, "x");
  }
}
END_TEST

START_TEST(ids_and_bodies) {
  for (const std::string_view piece : {"c", ".", "0", "1-1", "-", ".0123456789ab:1-1", " "}) {
    is_linear(
        "event id",
        [](std::string_view text) { (void)parse_last_event_id(std::span(&text, 1), text); }, piece);
    is_linear(
        "place", [](auto text) { (void)parse_composite_id("c00000000" + std::string(text)); },
        piece);
  }
  for (const std::string_view piece : {"[", "{\"a\":", "[0,", "\"", "\\u0041", "\"\\", "0", "-",
                                       "1.", "1e", "[]", "{}", ",", " "}) {
    is_linear(
        "JSON",
        [](auto text) {
          (void)json::parse_value(text);
          (void)json::parse_first(text);
          (void)json::parse_value("\"" + std::string(text) + "\"");
          (void)json::quoted(text);
        },
        piece);
  }
  for (const std::string_view piece : {"1 0-0 1-1 ", "1:a", "9:", "0:0:", "1:a1:b"}) {
    is_linear(
        "bell", [](auto text) { (void)redis::parse_bell("1 0-0 1-1 9\n" + std::string(text)); },
        piece);
    is_linear(
        "pair", [](auto text) { (void)redis::parse_queue_pair(text); }, piece);
  }
  for (const std::string_view piece : {"\xff", "\xf0\x9f", "a", "\xe2\x82\xac"}) {
    is_linear(
        "UTF-8", [](auto text) { (void)to_valid_utf8(text); }, piece);
  }
  is_linear(
      "base64", [](auto text) { (void)base64url_decode(text); }, "aaaa");
}
END_TEST

}  // namespace

CHECK_MAIN("linear", names_and_paths, arguments_and_masks, ids_and_bodies)
