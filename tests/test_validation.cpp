#include "shared/base/text.hpp"
#include "shared/model/validation.hpp"

#include "shared/base/json.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

FieldRule rule(std::initializer_list<std::string_view> words) {
  const std::vector<std::string_view> list(words);
  auto parsed = parse_field_rule(list);
  EXPECT(parsed.ok());
  return *parsed;
}

// The publish of users' events (conf/users.conf).
std::vector<FieldRule> publish_rules() {
  return {rule({"type", "string", "min=1", "max=64"}), rule({"user_id", "string", "min=1"}),
          rule({"data", "any"}), rule({"permalink", "string", "nullable", "default=null"}),
          rule({"persistent", "boolean", "default=false"})};
}

std::string detail(std::span<const FieldRule> rules, std::optional<std::string_view> body,
                   std::string_view query = "") {
  const Validated result = validate(rules, query, body);
  return result.ok() ? "ok" : render_detail(result.errors);
}

START_TEST(takes_a_good_body) {
  const auto rules = publish_rules();
  const Validated result = validate(
      rules, "",
      R"({"type":"m\u00e9","user_id":"7","data":{"a": [1, 1e999]},"persistent":"Yes","x":1})");
  EXPECT(result.ok());
  EXPECT_EQ(result.values.size(), std::size_t{5});
  EXPECT_EQ(result.values[0].text, "m\xc3\xa9");
  EXPECT_EQ(result.values[0].raw, R"("m\u00e9")");
  EXPECT_EQ(result.values[2].text, R"({"a": [1, 1e999]})");
  EXPECT_EQ(result.values[2].raw, R"({"a": [1, 1e999]})");
  EXPECT(result.values[2].present);
  EXPECT_EQ(result.values[3].raw, "null");
  EXPECT_EQ(result.values[3].text, "null");
  EXPECT(!result.values[3].present);
  EXPECT_EQ(result.values[4].raw, "true");
  EXPECT_EQ(result.values[4].text, "true");
}
END_TEST

START_TEST(defaults_and_absent_fields) {
  const std::vector<FieldRule> rules = {rule({"a", "string", "default=\"x\\ty\""}),
                                        rule({"b", "string", "optional"}),
                                        rule({"c", "integer", "default=7"})};
  const Validated result = validate(rules, "", "{}");
  EXPECT(result.ok());
  EXPECT_EQ(result.values[0].text, "x\ty");
  EXPECT_EQ(result.values[0].raw, "\"x\\ty\"");
  EXPECT_EQ(result.values[1].raw, "");
  EXPECT_EQ(result.values[1].text, "");
  EXPECT_EQ(result.values[2].text, "7");
  for (const FieldValue& value : result.values) {
    EXPECT(!value.present);
  }
}
END_TEST

// What FastAPI answers for the same body and model.
START_TEST(errors_are_fastapis) {
  const auto rules = publish_rules();
  struct Row {
    std::string_view body;
    std::string_view detail;
  };
  const std::string long_type =
      R"({"type":")" + std::string(65, 'x') + R"(","user_id":"u","data":1})";
  const Row rows[] = {
      {R"({"type":"t","user_id":"u","data":null})", "ok"},
      {R"({"type":"t","user_id":"u","data":null,"permalink":null})", "ok"},
      {"", R"({"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]})"},
      {" null ",
       R"({"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]})"},
      {R"({"type":"t", "user_id":"u"})",
       R"({"detail":[{"type":"missing","loc":["body","data"],"msg":"Field required",)"
       R"("input":{"type":"t","user_id":"u"}}]})"},
      {R"({"type":"t","user_id":7,"data":0})",
       R"({"detail":[{"type":"string_type","loc":["body","user_id"],)"
       R"("msg":"Input should be a valid string","input":7}]})"},
      {R"({"type":null,"user_id":[1, {"a" : 2}],"data":0})",
       R"({"detail":[{"type":"string_type","loc":["body","type"],)"
       R"("msg":"Input should be a valid string","input":null},)"
       R"({"type":"string_type","loc":["body","user_id"],)"
       R"("msg":"Input should be a valid string","input":[1,{"a":2}]}]})"},
      {R"({"type":"","user_id":"u","data":0})",
       R"({"detail":[{"type":"string_too_short","loc":["body","type"],)"
       R"("msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}]})"},
      {R"({"type":"t","user_id":"u","data":0,"persistent":"maybe"})",
       R"({"detail":[{"type":"bool_parsing","loc":["body","persistent"],)"
       R"("msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}]})"},
      {R"({"type":"t","user_id":"u","data":0,"persistent":null})",
       R"({"detail":[{"type":"bool_type","loc":["body","persistent"],)"
       R"("msg":"Input should be a valid boolean","input":null}]})"},
      {R"({"type":"t","user_id":"u","data":0,"permalink":false})",
       R"({"detail":[{"type":"string_type","loc":["body","permalink"],)"
       R"("msg":"Input should be a valid string","input":false}]})"},
      {"[1, 2]", R"({"detail":[{"type":"model_attributes_type","loc":["body"],)"
                 R"("msg":"Input should be a valid dictionary or object to extract fields from",)"
                 R"("input":[1,2]}]})"},
      {"\"x\"", R"({"detail":[{"type":"model_attributes_type","loc":["body"],)"
                R"("msg":"Input should be a valid dictionary or object to extract fields from",)"
                R"("input":"x"}]})"},
      {"{\"\xc3\xa9\":nul}",
       R"({"detail":[{"type":"json_invalid","loc":["body",5],"msg":"JSON decode error",)"
       R"("input":{},"ctx":{"error":"Expecting value"}}]})"},
      {"{\"a\":1,}",
       R"({"detail":[{"type":"json_invalid","loc":["body",7],"msg":"JSON decode error",)"
       R"("input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]})"},
      {"  ", R"({"detail":[{"type":"json_invalid","loc":["body",2],"msg":"JSON decode error",)"
             R"("input":{},"ctx":{"error":"Expecting value"}}]})"},
      {"\"\\x\"", R"({"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error",)"
                  R"("input":{},"ctx":{"error":"Invalid \\escape"}}]})"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.body, detail(rules, row.body), row.detail);
  }
  EXPECT_EQ(detail(rules, std::nullopt), rows[2].detail);
  EXPECT_EQ(validate(rules, "", long_type).errors.at(0).msg,
            "String should have at most 64 characters");
  EXPECT_EQ(validate(rules, "", long_type).errors.at(0).ctx, "{\"max_length\":64}");
}
END_TEST

START_TEST(other_types_and_bounds) {
  struct Row {
    std::initializer_list<std::string_view> rule;
    std::string_view value;
    std::string_view type;  // empty: accepted
    std::string_view msg;
    std::string_view ctx;
  };
  const Row rows[] = {
      {{"f", "string", "min=2"},
       "\"a\"",
       "string_too_short",
       "String should have at least 2 characters",
       "{\"min_length\":2}"},
      {{"f", "string", "max=1"}, "\"\\ud83d\\ude00\"", "", "", ""},
      {{"f", "string", "max=1"},
       "\"\xc3\xa9\xc3\xa9\"",
       "string_too_long",
       "String should have at most 1 character",
       "{\"max_length\":1}"},
      {{"f", "string", "max=1"}, "\"\\ud800\"", "", "", ""},
      {{"f", "string", "choice=info|warn|error"}, "\"warn\"", "", "", ""},
      {{"f", "string", "choice=info|warn|error"}, "\"wa\\u0072n\"", "", "", ""},
      {{"f", "string", "choice=info|warn|error"},
       "\"WARN\"",
       "literal_error",
       "Input should be 'info', 'warn' or 'error'",
       R"({"expected":"'info', 'warn' or 'error'"})"},
      {{"f", "string", "choice=info|warn"},
       "5",
       "literal_error",
       "Input should be 'info' or 'warn'",
       R"({"expected":"'info' or 'warn'"})"},
      {{"f", "string", "choice=it's"},
       "null",
       "literal_error",
       "Input should be \"it's\"",
       R"({"expected":"\"it's\""})"},
      {{"f", "string", "choice=a", "nullable"}, "null", "", "", ""},
      {{"f", "integer", "min=1", "max=10"}, "1", "", "", ""},
      {{"f", "integer", "min=1", "max=10"}, "10.0", "", "", ""},
      {{"f", "integer", "min=1", "max=10"},
       "0",
       "greater_than_equal",
       "Input should be greater than or equal to 1",
       "{\"ge\":1}"},
      {{"f", "integer", "min=1", "max=10"},
       "\"11\"",
       "less_than_equal",
       "Input should be less than or equal to 10",
       "{\"le\":10}"},
      {{"f", "integer", "min=1", "max=10"},
       "99999999999999999999",
       "less_than_equal",
       "Input should be less than or equal to 10",
       "{\"le\":10}"},
      {{"f", "integer", "min=1"},
       "-99999999999999999999",
       "greater_than_equal",
       "Input should be greater than or equal to 1",
       "{\"ge\":1}"},
      {{"f", "integer"},
       "\"x\"",
       "int_parsing",
       "Input should be a valid integer, unable to parse string as an integer",
       ""},
      {{"f", "integer"},
       "1.5",
       "int_from_float",
       "Input should be a valid integer, got a number with a fractional part",
       ""},
      {{"f", "number", "min=-1", "max=10"},
       "-1.5",
       "greater_than_equal",
       "Input should be greater than or equal to -1",
       "{\"ge\":-1.0}"},
      {{"f", "number", "max=10"},
       "1e999",
       "less_than_equal",
       "Input should be less than or equal to 10",
       "{\"le\":10.0}"},
      {{"f", "number"}, "{}", "float_type", "Input should be a valid number", ""},
      {{"f", "boolean"},
       "2",
       "bool_parsing",
       "Input should be a valid boolean, unable to interpret input",
       ""},
      {{"f", "object"}, "{\"a\":{}}", "", "", ""},
      {{"f", "object"}, "[]", "dict_type", "Input should be a valid dictionary", ""},
      {{"f", "object", "nullable"}, "null", "", "", ""},
      {{"f", "array"}, "{}", "list_type", "Input should be a valid list", ""},
      {{"f", "array", "min=1"},
       "[]",
       "too_short",
       "List should have at least 1 item after validation, not 0",
       R"({"field_type":"List","min_length":1,"actual_length":0})"},
      {{"f", "array", "max=2"},
       "[1,[2,2],3]",
       "too_long",
       "List should have at most 2 items after validation, not 3",
       R"({"field_type":"List","max_length":2,"actual_length":3})"},
      {{"f", "any"}, "null", "", "", ""},
      {{"f", "any"}, "\"\\u0000\\ud800\"", "", "", ""},
  };
  for (const Row& row : rows) {
    const std::vector<FieldRule> rules = {rule(row.rule)};
    const std::string body = "{\"f\":" + std::string(row.value) + "}";
    const Validated result = validate(rules, "", body);
    EXPECT_EQ_ROW(body, result.ok(), row.type.empty());
    if (!result.ok()) {
      EXPECT_EQ_ROW(body, result.errors[0].type, row.type);
      EXPECT_EQ_ROW(body, result.errors[0].msg, row.msg);
      EXPECT_EQ_ROW(body, result.errors[0].ctx, row.ctx);
      EXPECT_EQ_ROW(body, result.errors[0].input, row.value);
      EXPECT_EQ_ROW(body, field_path(result.errors[0]), "body.f");
      EXPECT_ROW(body, json::valid(render_detail(result.errors)));
    }
  }
}
END_TEST

// Two different names must not become one by what cannot be decoded.
START_TEST(half_a_pair_is_no_text) {
  std::vector<FieldRule> rules = {rule({"name", "string"})};
  const std::string body = R"({"name":"a\ud800"})";
  EXPECT(validate(rules, "", body).ok());
  rules[0].as_text = true;
  const Validated result = validate(rules, "", body);
  EXPECT(!result.ok());
  EXPECT_EQ(result.errors[0].type, "string_unicode");
  EXPECT(validate(rules, "", R"({"name":"\ud83d\ude00"})").ok());
}
END_TEST

START_TEST(data_passes_through_untouched) {
  const std::vector<FieldRule> rules = {rule({"data", "any"})};
  for (const std::string_view data :
       {"18446744073709551617"sv, "1e999"sv, R"("\ud800")"sv, R"("a\u0000b")"sv,
        R"({"\u0000":{"x" : [ 1.10 ]}})"sv, "\"\xe2\x80\xa8\""sv, "-0.0"sv}) {
    const Validated result =
        validate(rules, "", "{\"data\":1,\"data\" : " + std::string(data) + "}");
    EXPECT_ROW(data, result.ok());
    EXPECT_EQ_ROW(data, result.values[0].raw, data);
  }
  EXPECT_EQ(validate(rules, "", R"({"data":"a\u0000b"})").values[0].text, "a\0b"sv);
}
END_TEST

START_TEST(query_arguments) {
  const std::vector<FieldRule> rules = {rule({"message", "string", "in=query"}),
                                        rule({"limit", "integer", "in=query", "default=50"}),
                                        rule({"named", "boolean", "in=query", "optional"})};
  const Validated good = validate(rules, "message=a+b%2B&named=ON", "this is no JSON");
  EXPECT(good.ok());
  EXPECT_EQ(good.values[0].text, "a b+");
  EXPECT_EQ(good.values[0].raw, "\"a b+\"");
  EXPECT_EQ(good.values[1].raw, "50");
  EXPECT_EQ(good.values[2].raw, "true");
  EXPECT(validate(rules, "message=", std::nullopt).ok());
  EXPECT_EQ(validate(rules, "message=1&message=2", std::nullopt).values[0].text, "2");
  EXPECT_EQ(validate(rules, "message=x&limit=7", std::nullopt).values[1].raw, "7");

  const Validated bytes = validate(rules, "message=%FF%00x", std::nullopt);
  EXPECT(bytes.ok());
  EXPECT_EQ(bytes.values[0].text, "\xff\0x"sv);
  EXPECT_EQ(bytes.values[0].raw, "\"\xef\xbf\xbd\\u0000x\"");

  EXPECT_EQ(detail(rules, "{}", ""),
            R"({"detail":[{"type":"missing","loc":["query","message"],"msg":"Field required",)"
            R"("input":null}]})");
  EXPECT_EQ(detail(rules, "{}", "message=x&limit=a%22"),
            R"({"detail":[{"type":"int_parsing","loc":["query","limit"],"msg":"Input should be a )"
            R"(valid integer, unable to parse string as an integer","input":"a\""}]})");
}
END_TEST

START_TEST(query_and_body_together) {
  const std::vector<FieldRule> rules = {rule({"a", "string"}), rule({"b", "string", "in=query"})};
  const Validated both = validate(rules, "", "{}");
  EXPECT_EQ(both.errors.size(), std::size_t{2});
  EXPECT_EQ(field_path(both.errors[0]), "query.b");
  EXPECT_EQ(field_path(both.errors[1]), "body.a");
  const Validated broken = validate(rules, "", "{");
  EXPECT_EQ(broken.errors.size(), std::size_t{1});
  EXPECT_EQ(field_path(broken.errors[0]), "body.1");
  EXPECT(validate({}, "x=1", "{").ok());
}
END_TEST

START_TEST(hostile_bodies) {
  const auto rules = publish_rules();
  std::string deep(100'000, '[');
  EXPECT_EQ(validate(rules, "", deep).errors.at(0).type, "json_invalid");
  EXPECT_EQ(validate(rules, "", "{\"a\":\"\xff\"}").errors.at(0).type, "json_invalid");
  EXPECT_EQ(validate(rules, "", "{\"a\":\"\0\"}"sv).errors.at(0).type, "json_invalid");
  EXPECT_EQ(validate(rules, "", "\0"sv).errors.at(0).type, "json_invalid");
  std::string many = "{";
  for (int i = 0; i < 20'000; ++i) {
    many += "\"k" + std::to_string(i) + "\":[{}],";
  }
  many += R"("type":"t","user_id":"u","data":1})";
  EXPECT(validate(rules, "", many).ok());
  EXPECT(validate(rules, std::string(100'000, '&'), many).ok());
}
END_TEST

START_TEST(strict_types) {
  struct Row {
    std::string_view type;
    std::string_view value;
    std::string_view error;
  };
  constexpr Row kRows[] = {
      {"integer", "7", ""},
      {"integer", "-0", ""},
      {"integer", "18446744073709551617", "less_than_equal"},
      {"integer", "7.0", "int_type"},
      {"integer", "1e2", "int_type"},
      {"integer", "\"7\"", "int_type"},
      {"integer", "true", "int_type"},
      {"integer", "null", "int_type"},
      {"integer", "[7]", "int_type"},
      {"number", "7.5", ""},
      {"number", "\"7\"", "float_type"},
      {"boolean", "true", ""},
      {"boolean", "1", "bool_type"},
      {"boolean", "\"yes\"", "bool_type"},
  };
  for (const Row& row : kRows) {
    const bool bounded = row.type == "integer";
    const std::vector<FieldRule> rules = {bounded ? rule({"a", row.type, "strict", "max=1000"})
                                                  : rule({"a", row.type, "strict"})};
    const Validated result = validate(rules, "", "{\"a\":" + std::string(row.value) + "}");
    EXPECT_EQ_ROW(row.value, result.ok() ? "" : result.errors[0].type, row.error);
  }
}
END_TEST

START_TEST(words_of_the_rule) {
  const std::vector<FieldRule> rules = {rule({"a", "array", "min=1", "missing=one at least"})};
  for (const std::string_view body :
       {R"({})", R"({"a":null})", R"({"a":[]})", R"({"a":1})", R"({"a":"x"})"}) {
    const Validated result = validate(rules, "", body);
    EXPECT_ROW(body, !result.ok());
    const bool told = body != R"({"a":1})" && body != R"({"a":"x"})";
    EXPECT_EQ_ROW(body, result.errors[0].worded, told);
    EXPECT_EQ_ROW(body, result.errors[0].msg == "one at least", told);
  }
}
END_TEST

START_TEST(forms) {
  const std::vector<FieldRule> rules = {rule({"a", "string", "min=1"}),
                                        rule({"n", "integer", "default=7"})};
  const Validated result = validate(rules, "a=query", "a=x+%26+y&n=8&b", BodyText::kForm);
  EXPECT(result.ok());
  EXPECT_EQ(result.values[0].text, "x & y");
  EXPECT_EQ(result.values[1].raw, "8");
  EXPECT_EQ(validate(rules, "", "a=x", BodyText::kForm).values[1].raw, "7");
  for (const std::string_view body : {""sv, "b=1"sv, "a="sv, "a=x&n=y"sv}) {
    EXPECT_ROW(body, !validate(rules, "a=query", body, BodyText::kForm).ok());
  }
  EXPECT_EQ(field_path(validate(rules, "", "", BodyText::kForm).errors[0]), "body.a");
  EXPECT(!validate(rules, "", std::nullopt, BodyText::kForm).ok());
}
END_TEST

START_TEST(fields_inside_of_a_field) {
  const auto inner = [](std::string_view text, std::string_view pointer) {
    const std::string at = "at=" + std::string(pointer);
    const std::vector<FieldRule> rules = {rule({"p", "string"}),
                                          rule({"v", "any", "of=p", at, "missing=none"})};
    const Validated result = validate(rules, "", "p=" + percent_encode(text), BodyText::kForm);
    return result.ok() ? result.values[1].raw : result.errors[0].msg;
  };
  const struct {
    std::string_view text;
    std::string_view pointer;
    std::string_view value;
  } rows[] = {
      {R"({"a":[{"b":"x"}]})", "/a/0/b", R"("x")"},
      {R"({"a":[1,2]})", "/a/1", "2"},
      {R"({"a":[1,2]})", "/a/2", "none"},
      {R"({"a":[1,2]})", "/a/-1", "none"},
      {R"({"a":[1,2]})", "/a/18446744073709551616", "none"},
      {R"({"a":{"0":3}})", "/a/0", "3"},
      {R"({"a/b":{"c~d":4}})", "/a~1b/c~0d", "4"},
      {R"({"":5})", "/", "5"},
      {R"({"a":"b"})", "/a/b", "none"},
      {R"({"a":1,"a":2})", "/a", "2"},
      {"[7]", "/0", "7"},
      {"", "/a", "none"},
      {"{", "/a", "none"},
      {"7", "/a", "none"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.text, inner(row.text, row.pointer), row.value);
  }
  for (const auto& bad : {std::vector<std::string_view>{"v", "string", "of=p"},
                          {"v", "string", "at=/a"},
                          {"v", "string", "of=p", "at=a"},
                          {"v", "string", "of=", "at=/a"},
                          {"v", "string", "of=p", "at=/a", "in=query"}}) {
    EXPECT(!parse_field_rule(bad).ok());
  }
}
END_TEST

START_TEST(only_the_beginning_of_a_body) {
  const std::vector<FieldRule> rules = {rule({"a", "any"})};
  for (const std::string_view body : {R"( {"a":1} x)"sv, R"({"a":1}{"a":2})"sv, "{\"a\":1}\0"sv}) {
    EXPECT_ROW(body, !validate(rules, "", body).ok());
    const Validated result = validate(rules, "", body, BodyText::kFirst);
    EXPECT_ROW(body, result.ok());
    EXPECT_EQ_ROW(body, result.values[0].raw, "1");
  }
  EXPECT(!validate(rules, "", "{\"a\":1", BodyText::kFirst).ok());
}
END_TEST

}  // namespace

CHECK_MAIN("validation", takes_a_good_body, defaults_and_absent_fields, errors_are_fastapis,
           other_types_and_bounds, half_a_pair_is_no_text, data_passes_through_untouched,
           query_arguments, query_and_body_together, hostile_bodies, strict_types,
           words_of_the_rule, forms, fields_inside_of_a_field, only_the_beginning_of_a_body)
