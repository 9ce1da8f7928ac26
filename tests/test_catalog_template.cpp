// Templates and their schemas: what they render, and that nothing makes them endless.

#include "tests/check_main.hpp"
#include "worker/catalog/template_schema.hpp"
#include "worker/catalog/template_text.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

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
      {"{{#l}}{{.}},{{/l}}", R"({"l":[1,"x",true]})", "1,x,,"},
      {"{{#l}}{{n}};{{/l}}", R"({"l":[{"n":1},{"n":2}]})", "1;2;"},
      {"{{^l}}none{{/l}}", R"({"l":[]})", "none"},
      {"{{#o}}{{x}}{{/o}}", R"({"o":{"x":"y"}})", "y"},
      {"{{missing}}{{#missing}}x{{/missing}}", "{}", ""},
      {"{{! {{}} ", "{}", " "},
      {"{{n}}", R"({"n":null})", ""},
      {"\xc3\xbc {{u}}", R"({"u":"\u00fc\ud800"})", "\xc3\xbc \xc3\xbc\xef\xbf\xbd"},
  };
  for (const auto& row : rows) {
    const auto out = render_template(row.text, row.data, Escape::kSlack);
    EXPECT_ROW(row.text, out.ok());
    if (out) {
      EXPECT_EQ_ROW(row.text, *out, row.out);
    }
  }
  EXPECT_EQ(*render_template("{{x}}", R"({"x":"<&>\""})", Escape::kNone), "<&>\"");
}
END_TEST

START_TEST(refuses_templates) {
  for (const std::string& text :
       {std::string("{{x"), std::string("{{{x}}"), std::string("{{#a}}"), std::string("{{/a}}"),
        std::string("{{#a}}{{/b}}"), std::string("{{#a}}{{#b}}{{/a}}{{/b}}"),
        std::string("{{> self}}"), std::string("{{ >self }}"), std::string("{{=<% %>=}}"),
        std::string("{{"), std::string("{{{"), repeat("{{#a}}", 5'000) + repeat("{{/a}}", 5'000),
        repeat("x", kMostTemplateText + 1)}) {
    EXPECT_ROW(text.substr(0, 40), check_template(text).has_value());
    EXPECT_ROW(text.substr(0, 40), !render_template(text, "{}", Escape::kNone).ok());
  }
}
END_TEST

START_TEST(bounds_rendering) {
  const auto list = "{\"a\":[" + repeat("1,", 999) + "1]}";
  const auto deep = repeat("{{#a}}", 4) + "x" + repeat("{{/a}}", 4);
  EXPECT_EQ(render_template(deep, list, Escape::kNone).error().kind, ErrorKind::kTooLarge);
  // Nothing is written, and all the same there is no end.
  EXPECT_EQ(
      render_template(repeat("{{#a}}", 8) + repeat("{{/a}}", 8), list, Escape::kNone).error().kind,
      ErrorKind::kTooLarge);
  const auto large = "{\"a\":\"" + repeat("x", 60'000) + "\"}";
  EXPECT_EQ(render_template(repeat("{{a}}", 10), large, Escape::kNone).error().kind,
            ErrorKind::kTooLarge);
  EXPECT_EQ(
      render_template("{{a}}", "{\"a\":" + repeat("[", 100) + repeat("]", 100) + "}", Escape::kNone)
          .error()
          .kind,
      ErrorKind::kTooLarge);
  EXPECT(render_template("{{#a}}x{{/a}}", list, Escape::kNone).ok());
  EXPECT(check_template("{{" + repeat("a.", 200) + "a}}").has_value());
  EXPECT(!check_template("{{! " + repeat("comment ", 200) + "}}").has_value());
}
END_TEST

std::string wrong(std::string_view schema, std::string_view data) {
  std::string out;
  for (const auto& error : validate_data(schema, data)) {
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
  EXPECT_EQ(wrong(schema, R"({"name":1e999})"), "body.data;");
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
           // What the library would take for another place than rapidjson.
           std::string(R"({"":{"default":{}},"default":{"allOf":[{"$ref":"#//default"}]},)"
                       R"("allOf":[{"$ref":"#//default"}]})"),
           std::string(R"({"":{"default":{}},"default":{"pattern":"(a+)+$"},)"
                       R"("allOf":[{"$ref":"#//default"}]})"),
           std::string(R"({"default":{"":{},"pattern":"x"},"$ref":"#/default/"})"),
           std::string(R"({"default":{"a/b":{}},"$ref":"#/default%2Fa/b"})"),
           std::string(R"({"default":{"~1":{}},"$ref":"#/default/%7E1"})"),
           std::string(R"({"default":{"a\u0000b":{}},"$ref":"#/default/a\u0000b"})"),
           std::string(R"({"default":{"a%+5":{}},"$ref":"#/default/a%+5"})"),
           std::string(R"({"type":7})"),
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
    EXPECT_ROW(schema.substr(0, 60), !validate_data(schema, "{}").empty());
  }
  EXPECT_EQ(wrong("{}", "[" + repeat("1,", kMostDataNodes) + "1]"), "body.data;");
  const auto thousand = repeat("1,", 1000);
  EXPECT_EQ(wrong(R"({"uniqueItems":true})", "[" + thousand + "1]"), "body.data;");
  EXPECT_EQ(wrong(R"({"maxItems":2000})", "[" + thousand + "1]"), "");
  EXPECT_EQ(wrong(R"({"format":"date"})", "\"" + repeat("9", 60'000) + "\""), "body.data;");
}
END_TEST

}  // namespace

CHECK_MAIN("catalog template", renders, refuses_templates, bounds_rendering, validates,
           refuses_schemas)
