// Templates and their schemas: what they render, and that nothing makes them endless.

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tests/check_main.hpp"
#include "worker/catalog/templates/template_schema.hpp"
#include "worker/catalog/templates/template_text.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

constexpr Mustache::Bounds kBounds{100'000, 256 * 1024};
constexpr std::size_t kSteps = 100'000;

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

START_TEST(renders) {
  struct Row {
    const char* text;
    const char* data;
    const char* out;
  };
  const Row rows[] = {
      {"plain", "{}", "plain"},
      {"Hi {{ name }}!", R"({"name":"A & <b>\n"})", "Hi A &amp; &lt;b&gt;\n!"},
      {"{{{name}}} {{&name}}", R"({"name":"<b>"})", "<b> <b>"},
      {"{{a.b}}", R"({"a":{"b":1e999}})", "1e999"},
      {"{{#l}}{{.}},{{/l}}", R"({"l":[1,"x",true]})", "1,x,true,"},
      {"{{#l}}{{n}};{{/l}}", R"({"l":[{"n":1},{"n":2}]})", "1;2;"},
      {"{{^l}}none{{/l}}", R"({"l":[]})", "none"},
      {"{{#o}}{{x}}{{/o}}", R"({"o":{"x":"y"}})", "y"},
      {"{{missing}}{{#missing}}x{{/missing}}", "{}", ""},
      {"x{{! {{}} ", "{}", "x "},
      {"{{#order}}for {{customer.name}}{{/order}}",
       R"({"order":{"customer":{}},"customer":{"name":"X"}})", "for "},
      {"{{#order}}for {{customer.name}}{{/order}}",
       R"({"order":{"customer":7},"customer":{"name":"X"}})", "for "},
      {"{{#a.b}}{{c.d}}{{/a.b}}", R"({"a":{"b":{"x":1}},"c":{"d":2}})", "2"},
      {"{{#a}}{{#b}}{{x}}{{/b}}{{/a}}", R"({"a":{"x":1},"b":{"y":1}})", "1"},
      {"{{^a.b}}none{{/a.b}}", R"({"a":{}})", "none"},
      {"{{.}}", "7", "7"},
      {"{{#.}}{{.}}{{/.}}", "[[1],[2]]", ""},
      {"{{#.}}{{#.}}{{.}};{{/.}}{{/.}}", "[[1,2],[3]]", "1;2;3;"},
      {"a\n{{! alone }}\nb", "{}", "a\nb"},
      {"a\r\n  {{! alone }}  \r\nb", "{}", "a\r\nb"},
      {"a\n{{! two\n lines }}\nb", "{}", "a\nb"},
      {"{{! first }}\nb", "{}", "b"},
      {"a\n  {{! last }}", "{}", "a\n"},
      {"a {{! within }}\nb", "{}", "a \nb"},
      {"{{! a }} {{! b }}\nc", "{}", " \nc"},
      {" {{x}}\n", R"({"x":1})", " 1\n"},
      {"{{#a}}\nx\n{{/a}}\ny", R"({"a":true})", "x\ny"},
      {"{{#a}} {{/a}}\n", R"({"a":true})", " \n"},
      {"{{^a}}\nx\n{{/a}}\n", "{}", "x\n"},
      {"{{=<% %>=}}\n<% x %>{{x}}", R"({"x":1})", "1{{x}}"},
      {"{{=| |=}}|#l|{{|.|}}|/l||={{ }}=|{{y}}", R"({"l":[1,2],"y":3})", "{{1}}{{2}}3"},
      {"{{= @ @ =}}@{x}@@&x@@x@", R"({"x":"<"})", "<<&lt;"},
      {"{{\n x \n}}{{ # a }}y{{ / a }}", R"({"x":1,"a":1})", "1y"},
      {"{{#z}}zero{{/z}}{{#e}}empty{{/e}}{{#n}}null{{/n}}", R"({"z":0,"e":"","n":null})",
       "zeroempty"},
      {"{{a.b.c}}{{a..b}}{{..}}{{a.}}", R"({"a":{"b":7}})", ""},
      {"{{x}}", R"({"x":1,"x":2})", "2"},
      {"{{b}} {{n}} {{d}}", R"({"b":false,"n":12345678901234567890123,"d":1.210})",
       "false 12345678901234567890123 1.210"},
      {"{{n}}", R"({"n":null})", ""},
      {"\xc3\xbc {{u}}", R"({"u":"\u00fc\ud800"})", "\xc3\xbc \xc3\xbc\xef\xbf\xbd"},
  };
  for (const auto& row : rows) {
    const auto out = render_template(row.text, row.data, Escape::kSlack, kBounds);
    EXPECT_ROW(row.text, out.ok());
    if (out) {
      EXPECT_EQ_ROW(row.text, *out, row.out);
    }
  }
  EXPECT_EQ(*render_template("{{x}}", R"({"x":"<&>\""})", Escape::kNone, kBounds), "<&>\"");
}
END_TEST

START_TEST(refuses_templates) {
  for (const std::string& text : {std::string("{{x"),
                                  std::string("{{{x}}"),
                                  std::string("{{#a}}"),
                                  std::string("{{/a}}"),
                                  std::string("{{#a}}{{/b}}"),
                                  std::string("{{#a}}{{#b}}{{/a}}{{/b}}"),
                                  std::string("{{> self}}"),
                                  std::string("{{ >self }}"),
                                  std::string("{{=<%>=}}"),
                                  std::string("{{=<% %> x=}}"),
                                  std::string("{{= =}}"),
                                  std::string("{{===}}"),
                                  std::string("{{=<% %>}}"),
                                  std::string("{{=<% %>=}}<%> x%>"),
                                  "{{=" + repeat("<", 17) + " >=}}",
                                  std::string("{{=<% %>=}}<%# a%>{{/a}}"),
                                  std::string("{{"),
                                  std::string("{{{"),
                                  repeat("{{#a}}", 5'000) + repeat("{{/a}}", 5'000),
                                  repeat("x", kMostTemplateText + 1)}) {
    EXPECT_ROW(text.substr(0, 40), check_template(text).has_value());
    EXPECT_ROW(text.substr(0, 40), !render_template(text, "{}", Escape::kNone, kBounds).ok());
  }
}
END_TEST

START_TEST(bounds_rendering) {
  const auto list = "{\"a\":[" + repeat("1,", 999) + "1]}";
  const auto deep = repeat("{{#a}}", 4) + "x" + repeat("{{/a}}", 4);
  EXPECT_EQ(render_template(deep, list, Escape::kNone, kBounds).error().kind, ErrorKind::kTooLarge);
  // Nothing is written, and all the same there is no end.
  EXPECT_EQ(render_template(repeat("{{#a}}", 8) + repeat("{{/a}}", 8), list, Escape::kNone, kBounds)
                .error()
                .kind,
            ErrorKind::kTooLarge);
  const auto large = "{\"a\":\"" + repeat("x", 60'000) + "\"}";
  EXPECT_EQ(render_template(repeat("{{a}}", 10), large, Escape::kNone, kBounds).error().kind,
            ErrorKind::kTooLarge);
  EXPECT_EQ(render_template("{{a}}", "{\"a\":" + repeat("[", 100) + repeat("]", 100) + "}",
                            Escape::kNone, kBounds)
                .error()
                .kind,
            ErrorKind::kTooLarge);
  EXPECT(render_template("{{#a}}x{{/a}}", list, Escape::kNone, kBounds).ok());
  EXPECT(render_template("{{#a}}x{{/a}}", list, Escape::kNone, {100'000, 1'000}).ok());
  const auto longer = render_template("{{#a}}x{{/a}}", list, Escape::kNone, {100'000, 999});
  EXPECT_EQ(longer.error().message, "the rendered text has more than 999 bytes");
  EXPECT_EQ(render_template("{{#a}}x{{/a}}", list, Escape::kNone, {999, 1'000}).error().kind,
            ErrorKind::kTooLarge);
  const auto wide = "{\"a\":[" + repeat("0,", 20'000) + "0]}";
  EXPECT_EQ(render_template("x", wide, Escape::kNone, kBounds).error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(render_template("{{#a}}" + repeat("x", 1'000) + "{{/a}}", list, Escape::kNone, kBounds)
                .error()
                .kind,
            ErrorKind::kTooLarge);
  EXPECT(check_template("{{" + repeat("a.", 200) + "a}}").has_value());
  EXPECT(!check_template("{{! " + repeat("comment ", 200) + "}}").has_value());
}
END_TEST

std::string wrong(std::string_view schema, std::string_view data) {
  std::string out;
  for (const auto& error : validate_data(schema, data, kSteps)) {
    out += field_path(error) + ";";
  }
  return out;
}

START_TEST(validates) {
  const auto* schema =
      R"({"type":"object","required":["name"],"properties":{"name":{"type":"string","maxLength":5},)"
      R"("items":{"type":"array","items":{"$ref":"#/definitions/item"}},"pattern":{"type":"string"}},)"
      R"("definitions":{"item":{"type":"object","required":["n"]}}})";
  EXPECT(!check_schema(schema).has_value());
  EXPECT_EQ(wrong(schema, R"({"name":"abc","items":[{"n":1}],"pattern":"x"})"), "");
  EXPECT(wrong(schema, "{}").starts_with("body.data"));
  EXPECT(wrong(schema, R"({"name":7})").find("body.data.name;") != std::string::npos);
  EXPECT(wrong(schema, R"({"name":"abc","items":[{}]})").find("body.data.items.0;") !=
         std::string::npos);
  EXPECT_EQ(wrong(schema, R"({"name":1e999})"), "body.data.name;");
  // A property may be called like a keyword.
  EXPECT_EQ(wrong(R"({"properties":{"multipleOf":{"multipleOf":0.5}}})", R"({"multipleOf":1.5})"),
            "");
  for (const char* reference : {"#/$defs/a~1b c", "#/%24defs/a~1b%20c"}) {
    const auto referring = R"({"$defs":{"a/b c":{"type":"string"}},"properties":{"a":{"$ref":")" +
                           std::string(reference) + R"("}}})";
    EXPECT_ROW(reference, !check_schema(referring).has_value());
    EXPECT_ROW(reference, wrong(referring, R"({"a":7})").starts_with("body.data.a;"));
  }
  const auto* fourth = R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":)"
                       R"({"a":{"exclusiveMaximum":true,"maximum":5}}})";
  EXPECT_EQ(wrong(fourth, R"({"a":4})"), "");
  EXPECT(wrong(fourth, R"({"a":5})").starts_with("body.data.a;"));
}
END_TEST

START_TEST(refuses_schemas) {
  std::string blowup = R"({"definitions":{"d0":{"type":"string"})";
  for (int i = 1; i < 20; ++i) {
    const auto before = "{\"$ref\":\"#/definitions/d" + std::to_string(i - 1) + "\"}";
    blowup += ",\"d" + std::to_string(i) + "\":{\"allOf\":[" + before + "," + before + "]}";
  }
  blowup += R"(},"$ref":"#/definitions/d19"})";
  for (const std::string& schema : {
           std::string(R"({"allOf":[{"$ref":"#"}]})"),
           std::string(
               R"({"properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}})"),
           std::string(R"({"$ref":"http://127.0.0.1/x"})"),
           std::string(R"({"$ref":"file:///etc/passwd"})"),
           std::string(R"({"$ref":"#/nothing"})"),
           std::string(R"({"properties":{"a":{"pattern":"(a+)+$"}}})"),
           std::string(R"({"patternProperties":{"(a+)+$":{}}})"),
           std::string(R"({"":{"default":{"pattern":"x"}},"default":{},)"
                       R"("allOf":[{"$ref":"#//default"}]})"),
           std::string(R"({"default":{"":{"pattern":"x"}},"$ref":"#/default/"})"),
           std::string(R"({"default":{"":{}},"$ref":"#/default"  ,"x":7,"definitions":[]})"),
           std::string(R"({"$ref":"#foo","definitions":{"a":{"$id":"#foo"}}})"),
           std::string(R"({"$ref":"other.json#/x"})"),
           std::string(R"({"properties":{"a":{"$id":"http://x/"}}})"),
           std::string(R"({"if":{"$ref":"#"},"then":{}})"),
           std::string(R"({"dependencies":{"a":{"$ref":"#"}}})"),
           std::string(R"({"default":{"a/b":{}},"$ref":"#/default%2Fa/b"})"),
           std::string(R"({"default":{"~1":{}},"$ref":"#/default/%7E1"})"),
           std::string(R"({"default":[{}],"$ref":"#/default/1"})"),
           std::string(R"({"default":[{}],"$ref":"#/default/00"})"),
           std::string(R"({"default":{"a%+5":{}},"$ref":"#/default/a%+5"})"),
           std::string(R"({"type":7})"),
           std::string(R"({"type":"text"})"),
           std::string(R"({"type":[]})"),
           std::string(R"({"enum":7})"),
           std::string(R"({"required":true})"),
           std::string(R"({"required":[7]})"),
           std::string(R"({"maxLength":2.5})"),
           std::string(R"({"maxLength":-1})"),
           std::string(R"({"minItems":"1"})"),
           std::string(R"({"uniqueItems":1})"),
           std::string(R"({"properties":[]})"),
           std::string(R"({"properties":{"a":7}})"),
           std::string(R"({"allOf":{}})"),
           std::string(R"({"anyOf":[]})"),
           std::string(R"({"format":7})"),
           std::string(R"({"multipleOf":0.1234567890123456789})"),
           std::string("7"),
           std::string("[]"),
           std::string(R"({"properties":{"a":{"multipleOf":0}}})"),
           std::string(R"({"properties":{"a":{"multipleOf":-1}}})"),
           std::string(R"({"properties":{"a":{"multipleOf":"x"}}})"),
           std::string(R"({"properties":{"a":{"$ref":"#/default/b"}},)"
                       R"("default":{"b":{"multipleOf":0}}})"),
           "{\"enum\":[" + repeat("1,", kMostSchemaNodes) + "1]}",
           "{\"const\":[" + repeat("1,", kMostSchemaNodes) + "1]}",
           std::string(R"({"exclusiveMaximum":true,"maximum":5})"),
           std::string(R"({"minimum":"x"})"),
           blowup,
           repeat("{\"not\":", 100) + "{}" + repeat("}", 100),
       }) {
    EXPECT_ROW(schema.substr(0, 60), check_schema(schema).has_value());
    EXPECT_ROW(schema.substr(0, 60), !validate_data(schema, "{}", kSteps).empty());
  }
  EXPECT_EQ(wrong("{}", "[" + repeat("1,", kMostDataNodes) + "1]"), "body.data;");
  EXPECT_EQ(wrong(R"({"format":"date"})", "\"" + repeat("9", 60'000) + "\""), "body.data;");
}
END_TEST

START_TEST(values_are_compared) {
  struct Row {
    const char* schema;
    const char* data;
    bool good;
  };
  const Row rows[] = {
      {R"({"type":["string","null"],"format":"date-time"})", "null", true},
      {R"({"type":"integer"})", "1.0", true},
      {R"({"type":"integer"})", "12345678901234567890123", true},
      {R"({"type":"integer"})", "1e999999999", true},
      {R"({"type":"integer"})", "1e-999999999", false},
      {R"({"type":"integer"})", "18446744073709551616", true},
      {R"({"type":"integer"})", "18446744073709551615.5", false},
      {R"({"type":"integer"})", "9007199254740993.0", true},
      {R"({"type":"integer"})", "-0", true},
      {R"({"type":"integer"})", "-0.0e5", true},
      {R"({"type":"integer"})", "1.5e1", true},
      {R"({"type":"integer"})", "1.55e1", false},
      {R"({"const":0})", "-0.0", true},
      {R"({"const":1})", "1.0", true},
      {R"({"const":1})", "true", false},
      {R"({"const":[1,{"a":1e1,"b":"x"}]})", R"([1.0,{"b":"\u0078","a":10}])", true},
      {R"({"const":9007199254740993})", "9007199254740992", false},
      {R"({"enum":[18446744073709551615.5]})", "18446744073709551615.5", true},
      {R"({"enum":[18446744073709551615.5]})", "18446744073709551615.6", false},
      {R"({"maxLength":2.0})", R"("ab")", true},
      {R"({"maxLength":2.0})", R"("abc")", false},
      {R"({"maxLength":1e30})", R"("abc")", true},
      {R"({"minLength":1e30})", R"("abc")", false},
      {R"({"maximum":18446744073709551615})", "18446744073709551616", false},
      {R"({"maximum":18446744073709551616})", "18446744073709551615.5", true},
      {R"({"minimum":-1e400})", "-1e401", false},
      {R"({"exclusiveMaximum":5})", "5.00", false},
      {R"({"exclusiveMaximum":5})", "4.999999999999999999999999", true},
      {R"({"multipleOf":0.01})", "19.99", true},
      {R"({"multipleOf":0.01})", "19.999", false},
      {R"({"multipleOf":3})", "1e999999999", false},
      {R"({"multipleOf":2})", "1e999999999", true},
      {R"({"multipleOf":1e400})", "1e401", true},
      {R"({"multipleOf":7})", "-18446744073709551616", false},
      {R"({"uniqueItems":true})", "[1,1.0]", false},
      {R"({"uniqueItems":true})", R"([1,"1",true,[1],{"a":1},{"a":2},null,false,0])", true},
      {R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2.0,"a":1}])", false},
      {R"({"uniqueItems":true})", R"(["a","\u0061"])", false},
      {R"({"format":"date"})", R"("2021-02-29")", false},
      {R"({"format":"date"})", R"("2020-02-29")", true},
      {R"({"format":"date"})", R"("1900-02-29")", false},
      {R"({"format":"date"})", R"("2021-00-10")", false},
      {R"({"format":"date"})", R"("2021-1-10")", false},
      {R"({"format":"date"})", R"("2021-04-31")", false},
      {R"({"format":"date-time"})", R"("1998-12-31T23:59:60Z")", true},
      {R"({"format":"date-time"})", R"("1998-12-31T15:59:60.123-08:00")", true},
      {R"({"format":"date-time"})", R"("1998-12-31T22:59:60Z")", false},
      {R"({"format":"date-time"})", R"("2021-02-29T00:00:00Z")", false},
      {R"({"format":"date-time"})", R"("2021-02-28 00:00:00Z")", false},
      {R"({"format":"date-time"})", R"("2021-02-28T00:00:00")", false},
      {R"({"format":"date-time"})", R"("2021-02-28T24:00:00Z")", false},
      {R"({"format":"time"})", R"("08:30:06.283185Z")", true},
      {R"({"format":"time"})", R"("08:30:06+24:00")", false},
      {R"({"format":"time"})", R"("08:30:06.Z")", false},
      {R"({"format":"ipv4"})", R"("127.0.0.0.1")", false},
      {R"({"format":"ipv4"})", R"("087.10.0.1")", false},
      {R"({"format":"ipv6"})", R"("::ffff:1.2.3.4")", true},
      {R"({"format":"ipv6"})", R"("fe80::a%eth1")", false},
      {R"({"format":"email"})", R"("joe.bloggs@example.com")", true},
      {R"({"format":"email"})", R"("joe@@example.com")", false},
      {R"({"format":"email"})", R"("2962")", false},
      {R"({"format":"uri"})", R"("http://foo.bar/?baz=qux#quux")", true},
      {R"({"format":"uri"})", R"("//foo.bar/")", false},
      {R"({"format":"uri"})", R"("http:// x/")", false},
      {R"({"format":"uri"})", R"(":// x")", false},
      {R"({"format":"anything"})", R"("x")", true},
      {R"({"format":"date"})", "7", true},
      {R"({"properties":{"a":{"$ref":"#"}},"additionalProperties":false})", R"({"a":{"a":{}}})",
       true},
      {R"({"properties":{"a":{"$ref":"#"}},"additionalProperties":false})", R"({"a":{"b":{}}})",
       false},
      {R"({"":{"default":{}},"default":{"pattern":7},"allOf":[{"$ref":"#//default"}]})", "1", true},
      {R"({"default":{"a\u0000b":{"type":"null"}},"$ref":"#/default/a\u0000b"})", "1", false},
      {R"({"maxLength":1})", R"("\ud83d\udca9")", true},
      {R"({"required":["__proto__","\u0000"]})", R"({"__proto__":1,"\u0000":2})", true},
      {"false", "1", false},
      {R"({"contains":{"const":2}})", "[1,2]", true},
      {R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})", false},
  };
  for (const auto& row : rows) {
    const auto name = std::string(row.schema) + " " + row.data;
    EXPECT_ROW(name, !check_schema(row.schema).has_value());
    EXPECT_EQ_ROW(name, validate_data(row.schema, row.data, kSteps).empty(), row.good);
  }
}
END_TEST

// What stops a thread is refused, with the schema or with the data; neither takes long to find out.
START_TEST(validation_has_an_end) {
  const auto numbers = [](std::size_t count) {
    std::string out = "[";
    for (std::size_t i = 0; i < count; ++i) {
      out += (i == 0 ? "" : ",") + std::to_string(i);
    }
    return out + "]";
  };
  const auto list = numbers(4'900);
  const auto unique = "{\"allOf\":[" + repeat(R"({"uniqueItems":true},)", 900) + "{}]}";
  const auto nested_unique = "{\"items\":" + unique + "}";
  const auto each = "{\"items\":{\"anyOf\":[" + repeat(R"({"const":"x"},)", 600) + "{}]}}";
  const auto contains = "{\"allOf\":[" + repeat(R"({"contains":{"const":-1}},)", 600) + "{}]}";
  const auto choices = "{\"items\":{\"enum\":" + numbers(1'900) + "}}";
  const auto required = "{\"items\":{\"required\":[" + repeat(R"("a",)", 1'900) + "\"a\"]}}";
  const auto objects = "[" + repeat(R"({"a":1},)", 2'000) + "{}]";
  const auto text = "[\"" + repeat("x", 500'000) + "\"]";
  const auto formats = "{\"items\":{\"allOf\":[" + repeat(R"({"format":"uri"},)", 600) + "{}]}}";
  const auto digits = "[" + repeat("7", 500'000) + "]";
  const auto multiples = "{\"items\":{\"allOf\":[" + repeat(R"({"multipleOf":7},)", 600) + "{}]}}";
  std::string branches = R"({"type":"null"})";
  for (int i = 0; i < 15; ++i) {
    branches =
        R"({"allOf":[{"items":{"$ref":"#/definitions/d"}},{"items":{"$ref":"#/definitions/d"}}]})";
  }
  const auto doubling = "{\"definitions\":{\"d\":" + branches + "},\"$ref\":\"#/definitions/d\"}";
  const auto deep = repeat("[", 60) + repeat("]", 60);
  const auto pairs = repeat("[[],", 60) + "[]" + repeat("]", 60);
  struct Row {
    const char* name;
    std::string schema;
    std::string data;
    bool too_long;
  };
  const Row rows[] = {
      {"unique", unique, list, false},
      {"unique of each", nested_unique, "[" + list + "]", false},
      {"each alternative", each, list, true},
      {"contains", contains, list, true},
      {"choices", choices, list, false},
      {"required", required, objects, true},
      {"formats", formats, text, true},
      {"multiples", multiples, digits, true},
      {"doubling", doubling, deep, true},
      {"doubling, wide", doubling, pairs, true},
      {"unique, nested", R"({"uniqueItems":true,"items":{"$ref":"#"}})", pairs, false},
      {"large", "{}", numbers(6'000), true},
      {"not so large", R"({"items":{"type":"integer","minimum":0}})", list, false},
  };
  for (const auto& row : rows) {
    ck_assert_msg(!check_schema(row.schema).has_value(), "%s: %s", row.name,
                  check_schema(row.schema)->c_str());
    const auto began = std::clock();  // of the processor, whatever else runs
    const auto errors = validate_data(row.schema, row.data, kSteps);
    const auto took = (std::clock() - began) * 1'000'000 / CLOCKS_PER_SEC;
    if (std::getenv("NOTIFY_TIMES") != nullptr) {
      std::printf("%s: %lld us\n", row.name, static_cast<long long>(took));
    }
    const bool refused = errors.size() == 1 && errors[0].type == "too_long";
    EXPECT_EQ_ROW(row.name, refused, row.too_long);
    EXPECT_ROW(row.name, took < 500'000);  // with sanitizers; some 10 ms without
  }
  EXPECT(check_schema("{\"allOf\":[" + repeat("{},", 2'000) + "{}]}").has_value());
}
END_TEST

}  // namespace

CHECK_MAIN("catalog template", renders, refuses_templates, bounds_rendering, validates,
           refuses_schemas, values_are_compared, validation_has_an_end)
