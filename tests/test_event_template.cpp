#include "ngx_notify_module/wire/event_template.hpp"

#include <vector>

#include "shared/base/json.hpp"
#include "tests/check_main.hpp"

namespace notify::test {
namespace {

const Entry kEntry{{12, 10},
                   {{"type", "greeting"},
                    {"data", "{\"a\": [1,\n2]}"},
                    {"text", "say \"hi\"\n"},
                    {"bad", "\xff\x01"},
                    {"empty", ""},
                    {"my-field", "7"},
                    {"type", "again"}}};

std::string render(std::vector<std::string_view> words, std::string_view stream = "user:1") {
  const Result<EventRule> rule = parse_event_rule(words);
  if (!rule) {
    return rule.error().message;
  }
  EventRules rules;
  rules.add(*rule);
  return rules.render(stream, kEntry);
}

START_TEST(shows_an_entry) {
  struct Row {
    const char* name;
    std::vector<std::string_view> words;
    std::string_view expected;
  };
  const Row rows[] = {
      {"literal", {"data=hello"}, "data: hello\nid: 12-0000000a\n\n"},
      {"no id", {"data=hello", "id=off"}, "data: hello\n\n"},
      {"ids", {"data=$event_id $entry_id", "id=off"}, "data: 12-0000000a 12-10\n\n"},
      {"a string", {"data=$json_type", "id=off"}, "data: \"greeting\"\n\n"},
      {"a string with all sorts", {"data=$json_text", "id=off"}, "data: \"say \\\"hi\\\"\\n\"\n\n"},
      {"no UTF-8", {"data=$json_bad", "id=off"}, "data: \"\xef\xbf\xbd\\u0001\"\n\n"},
      {"JSON on one line", {"data=$value_data", "id=off"}, "data: {\"a\": [1, 2]}\n\n"},
      {"JSON as a string", {"data=$json_data", "id=off"}, "data: \"{\\\"a\\\": [1,\\n2]}\"\n\n"},
      {"no JSON as a string", {"data=$value_type", "id=off"}, "data: \"greeting\"\n\n"},
      {"empty is no JSON", {"data=$value_empty", "id=off"}, "data: \"\"\n\n"},
      {"absent", {"data=[$json_no,$value_no]", "id=off"}, "data: [null,null]\n\n"},
      {"braces", {"data=a${json_type}b", "id=off"}, "data: a\"greeting\"b\n\n"},
      {"braces, odd name", {"data=${value_my-field}", "id=off"}, "data: 7\n\n"},
      {"a name that ends", {"data=$json_type-$stream", "id=off"}, "data: \"greeting\"-user:1\n\n"},
      {"object",
       {"data=$object", "id=off"},
       "data: {\"type\":\"greeting\",\"data\":\"{\\\"a\\\": [1,\\n2]}\","
       "\"text\":\"say \\\"hi\\\"\\n\",\"bad\":\"\xef\xbf\xbd\\u0001\",\"empty\":\"\","
       "\"my-field\":\"7\"}\n\n"},
      {"name", {"name=$text_type", "data=x", "id=off"}, "data: x\nevent: greeting\n\n"},
      {"name without line ends",
       {"name=$text_text", "data=x", "id=off"},
       "data: x\nevent: say \"hi\"\n\n"},
      {"name of nothing", {"name=$text_no", "data=x", "id=off"}, "data: x\n\n"},
      {"quotes that nginx leaves", {"data='$entry_id'", "id=off"}, "data: 12-10\n\n"},
      {"if", {"if=type", "data=x", "id=off"}, "data: x\n\n"},
      {"empty data", {"data=", "id=off"}, "data: \n\n"},
      {"two lines", {"data=a\nb", "id=off"}, "data: a\ndata: b\n\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.name, render(row.words), row.expected);
  }
  EXPECT_EQ(render({"data=\"$stream\"", "id=off"}, "a\"b\\"), "data: \"a\\\"b\\\\\"\n\n");
  EXPECT_EQ(render({"name=$stream", "data=x", "id=off"}, "a\"b"), "data: x\nevent: a\"b\n\n");
}
END_TEST

std::string name_of(const EventRules& rules, std::string_view type) {
  Entry entry;
  entry.fields = {{"type", std::string(type)}};
  return rules.show("s", entry).name;
}

START_TEST(own_names_stay_own) {
  const auto rules_of = [](std::string_view name) {
    const std::string_view words[] = {name, "data=x"};
    EventRules rules;
    rules.add(*parse_event_rule(words));
    return rules;
  };
  EventRules rules = rules_of("name=$text_type");
  rules.reserve("hello");
  for (const std::string_view own :
       {"gap", "expired", "ready", "open", "place", "error", "hello"}) {
    EXPECT_EQ_ROW(own, name_of(rules, own), "_" + std::string(own));
    EXPECT_EQ_ROW(own, name_of(rules, "_" + std::string(own)), "__" + std::string(own));
  }
  EXPECT_EQ(name_of(rules, "g\nap"), "_gap");
  for (const std::string_view other : {"Gap", "gaps", "_", "", "message", "_x", "gap_"}) {
    EXPECT_EQ_ROW(other, name_of(rules, other), other);
  }
  EXPECT_EQ(name_of(rules_of("name=gap"), "x"), "gap");  // what the configuration says is meant
}
END_TEST

START_TEST(refuses_what_it_does_not_know) {
  struct Row {
    std::vector<std::string_view> words;
    std::string_view error;
  };
  const Row rows[] = {
      {{"name=x"}, "no \"data=\" parameter"},
      {{"data"}, "invalid parameter \"data\""},
      {{"data=x", "id=yes"}, "invalid parameter \"id=yes\""},
      {{"data=x", "if="}, "invalid parameter \"if=\""},
      {{"data=x", "foo=1"}, "invalid parameter \"foo=1\""},
      {{"data=x", "data=y"}, "duplicate parameter \"data=y\""},
      {{"data=x", "id=on", "id=on"}, "duplicate parameter \"id=on\""},
      {{"data=$foo"}, "unknown variable \"$foo\" in \"$foo\""},
      {{"data=a$"}, "unknown variable \"$\" in \"a$\""},
      {{"data=$json_"}, "unknown variable \"$json_\" in \"$json_\""},
      {{"data=$text_a"}, "unknown variable \"$text_a\" in \"$text_a\""},
      {{"data=x", "name=$json_a"}, "unknown variable \"$json_a\" in \"$json_a\""},
      {{"data=x", "name=$object"}, "unknown variable \"$object\" in \"$object\""},
      {{"data=${json_a"}, "the closing bracket in \"${json_a\" is missing"},
      {{"data=${}"}, "unknown variable \"$\" in \"${}\""},
      {{"data=$remote_addr"}, "unknown variable \"$remote_addr\" in \"$remote_addr\""},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.error, render(row.words), row.error);
  }
}
END_TEST

START_TEST(the_first_rule_that_fits_counts) {
  EventRules rules;
  EXPECT(rules.render("s", {{1, 0}, {{"a", "1"}}}) == "data: {\"a\":\"1\"}\nid: 1-00000000\n\n");
  for (const std::vector<std::string_view>& words :
       {std::vector<std::string_view>{"if=a", "data=A", "id=off"},
        std::vector<std::string_view>{"if=b", "data=B", "id=off"}}) {
    rules.add(*parse_event_rule(words));
  }
  EXPECT_EQ(rules.render("s", {{1, 0}, {{"b", "1"}, {"a", "1"}}}), "data: A\n\n");
  EXPECT_EQ(rules.render("s", {{1, 0}, {{"b", "1"}}}), "data: B\n\n");
  EXPECT_EQ(rules.render("s", {{1, 0}, {{"c", "1"}}}), "data: {\"c\":\"1\"}\nid: 1-00000000\n\n");
  EXPECT_EQ(rules.render("s", {{1, 0}, {}}), "data: {}\nid: 1-00000000\n\n");
}
END_TEST

// A native client may add one: it costs what its size does, and not the square of that.
START_TEST(an_entry_of_many_fields) {
  constexpr int kFields = 400'000;
  Entry entry{{1, 0}, {}};
  for (int i = 0; i < kFields; ++i) {
    entry.fields.emplace_back("f" + std::to_string(i), "v");
  }
  entry.fields.emplace_back("f7", "again");
  const std::string data = EventRules().render("s", entry).substr(6);
  const auto members = json::members(*json::parse_first(data));
  ck_assert(members.ok());
  EXPECT_EQ(members->size(), static_cast<std::size_t>(kFields));
  EXPECT_EQ((*members)[7].value.raw, "\"v\"");
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("event template", shows_an_entry, own_names_stay_own, refuses_what_it_does_not_know,
           the_first_rule_that_fits_counts, an_entry_of_many_fields)
