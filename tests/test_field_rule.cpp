#include "shared/model/field_rule.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

using Words = std::vector<std::string_view>;

START_TEST(plain_rule) {
  const auto rule = parse_field_rule(Words{"type", "string"});
  EXPECT(rule.ok());
  EXPECT_EQ(rule->name, "type");
  EXPECT_EQ(rule->type, FieldType::kString);
  EXPECT_EQ(rule->in, FieldSource::kBody);
  EXPECT(rule->required && !rule->nullable && !rule->default_json && !rule->min && !rule->max);
  EXPECT(rule->choices.empty());
}
END_TEST

START_TEST(all_types) {
  constexpr std::pair<std::string_view, FieldType> kTypes[] = {
      {"string", FieldType::kString}, {"integer", FieldType::kInteger},
      {"number", FieldType::kNumber}, {"boolean", FieldType::kBoolean},
      {"object", FieldType::kObject}, {"array", FieldType::kArray},
      {"any", FieldType::kAny},
  };
  for (const auto& [word, type] : kTypes) {
    const auto rule = parse_field_rule(Words{"x", word});
    EXPECT_ROW(word, rule.ok());
    EXPECT_EQ_ROW(word, rule->type, type);
  }
}
END_TEST

START_TEST(every_parameter) {
  const auto rule =
      parse_field_rule(Words{"level", "string", "in=query", "optional", "nullable",
                             "default=\"info\"", "min=1", "max=64", "choice=info|warn|error"});
  EXPECT(rule.ok());
  EXPECT_EQ(rule->in, FieldSource::kQuery);
  EXPECT(!rule->required && rule->nullable);
  EXPECT_EQ(*rule->default_json, "\"info\"");
  EXPECT_EQ(*rule->min, 1);
  EXPECT_EQ(*rule->max, 64);
  EXPECT_EQ(rule->choices.size(), std::size_t{3});
  EXPECT_EQ(rule->choices[2], "error");
  EXPECT(!parse_field_rule(Words{"x", "any", "default=null"})->required);
  EXPECT_EQ(*parse_field_rule(Words{"x", "number", "min=-5", "max=-1"})->min, -5);
  EXPECT(parse_field_rule(Words{"x", "string", "in=body", "default=null"}).ok());
  EXPECT(parse_field_rule(Words{"x", "object", "default={\"a\":[1]}"}).ok());
  EXPECT_EQ(parse_field_rule(Words{"x", "string", "choice=a"})->choices.size(), std::size_t{1});
}
END_TEST

START_TEST(errors_name_the_word) {
  struct Row {
    Words words;
    std::string_view message;
  };
  const Row rows[] = {
      {{}, "invalid number of arguments"},
      {{"x"}, "invalid number of arguments"},
      {{"", "string"}, "invalid field name \"\""},
      {{"\xff", "string"}, "invalid field name \"\xff\""},
      {{"x", "strng"}, "invalid type \"strng\""},
      {{"x", "String"}, "invalid type \"String\""},
      {{"x", ""}, "invalid type \"\""},
      {{"x", "string", "mn=1"}, "invalid parameter \"mn=1\""},
      {{"x", "string", ""}, "invalid parameter \"\""},
      {{"x", "string", "Optional"}, "invalid parameter \"Optional\""},
      {{"x", "string", "optional=1"}, "invalid parameter \"optional=1\""},
      {{"x", "string", "in=header"}, "invalid parameter \"in=header\""},
      {{"x", "string", "in="}, "invalid parameter \"in=\""},
      {{"x", "string", "min="}, "invalid parameter \"min=\""},
      {{"x", "string", "min=1x"}, "invalid parameter \"min=1x\""},
      {{"x", "string", "max=9223372036854775808"}, "invalid parameter \"max=9223372036854775808\""},
      {{"x", "string", "default="}, "invalid parameter \"default=\""},
      {{"x", "string", "default=info"}, "invalid parameter \"default=info\""},
      {{"x", "string", "choice="}, "invalid parameter \"choice=\""},
      {{"x", "string", "choice=a||b"}, "invalid parameter \"choice=a||b\""},
      {{"x", "string", "choice=a|"}, "invalid parameter \"choice=a|\""},
      {{"x", "string", "min=1", "min=2"}, "duplicate parameter \"min=2\""},
      {{"x", "string", "optional", "optional"}, "duplicate parameter \"optional\""},
      {{"x", "string", "min=-1"}, "invalid parameter \"min=-1\" for type \"string\""},
      {{"x", "boolean", "min=1"}, "invalid parameter \"min=1\" for type \"boolean\""},
      {{"x", "object", "max=1"}, "invalid parameter \"max=1\" for type \"object\""},
      {{"x", "integer", "choice=1|2"}, "invalid parameter \"choice=1|2\" for type \"integer\""},
      {{"x", "object", "in=query"}, "invalid parameter \"in=query\" for type \"object\""},
      {{"x", "string", "min=5", "max=2"}, "invalid parameter \"max=2\", it is below \"min=5\""},
      {{"x", "string", "default=5"}, "invalid parameter \"default=5\" for type \"string\""},
      {{"x", "boolean", "default=1"}, "invalid parameter \"default=1\" for type \"boolean\""},
  };
  for (const Row& row : rows) {
    const auto rule = parse_field_rule(row.words);
    EXPECT_ROW(row.message, !rule.ok());
    EXPECT_EQ_ROW(row.message, rule.error().message, row.message);
    EXPECT_EQ_ROW(row.message, rule.error().kind, ErrorKind::kInvalid);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("field_rule", plain_rule, all_types, every_parameter, errors_name_the_word)
