#include "shared/base/json.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;
using json::Kind;

namespace {

START_TEST(accepts_what_rfc_8259_allows) {
  struct Row {
    std::string_view text;
    Kind kind;
    std::string_view raw;
  };
  constexpr Row kRows[] = {
      {"null", Kind::kNull, "null"},
      {" \t\r\n true \n", Kind::kBool, "true"},
      {"false", Kind::kBool, "false"},
      {"0", Kind::kNumber, "0"},
      {"-0", Kind::kNumber, "-0"},
      {"-0.0e-0", Kind::kNumber, "-0.0e-0"},
      {"1E+9", Kind::kNumber, "1E+9"},
      {"1.50", Kind::kNumber, "1.50"},
      {"18446744073709551617", Kind::kNumber, "18446744073709551617"},
      {"1e999", Kind::kNumber, "1e999"},
      {"123456789012345678901234567890.5e-400", Kind::kNumber,
       "123456789012345678901234567890.5e-400"},
      {R"("")", Kind::kString, R"("")"},
      {R"("a\"\\\/\b\f\n\r\tz")", Kind::kString, R"("a\"\\\/\b\f\n\r\tz")"},
      {R"("\u0000")", Kind::kString, R"("\u0000")"},
      {R"("\ud800")", Kind::kString, R"("\ud800")"},
      {R"("\uDbFf\uDfFf")", Kind::kString, R"("\uDbFf\uDfFf")"},
      {"\"\x7f\xc2\x80\xe2\x80\xa8\xef\xbf\xbf\xf4\x8f\xbf\xbf\"", Kind::kString,
       "\"\x7f\xc2\x80\xe2\x80\xa8\xef\xbf\xbf\xf4\x8f\xbf\xbf\""},
      {"[]", Kind::kArray, "[]"},
      {"[ ]", Kind::kArray, "[ ]"},
      {"[1 , [ [ ] , {} ] ,\"]\"]", Kind::kArray, "[1 , [ [ ] , {} ] ,\"]\"]"},
      {"{}", Kind::kObject, "{}"},
      {"{\n}", Kind::kObject, "{\n}"},
      {R"({"":0,"":1,"a" : {"}":["{"]}})", Kind::kObject, R"({"":0,"":1,"a" : {"}":["{"]}})"},
      {R"({"\u0000":1})", Kind::kObject, R"({"\u0000":1})"},
  };
  for (const Row& row : kRows) {
    const auto value = json::parse_value(row.text);
    EXPECT_ROW(row.text, value.ok());
    EXPECT_EQ_ROW(row.text, value->kind, row.kind);
    EXPECT_EQ_ROW(row.text, value->raw, row.raw);
    EXPECT_ROW(row.text, json::valid(row.text));
  }
}
END_TEST

// Messages and positions are those of Python 3.11's json, where it refuses the text too.
START_TEST(refuses_everything_else) {
  struct Row {
    std::string_view text;
    std::string_view message;
    std::size_t offset;
  };
  constexpr std::string_view kValue = "Expecting value";
  constexpr std::string_view kComma = "Expecting ',' delimiter";
  constexpr std::string_view kColon = "Expecting ':' delimiter";
  constexpr std::string_view kName = "Expecting property name enclosed in double quotes";
  constexpr std::string_view kExtra = "Extra data";
  constexpr std::string_view kOpen = "Unterminated string starting at";
  constexpr std::string_view kControl = "Invalid control character at";
  constexpr std::string_view kUtf8 = "Invalid UTF-8";
  constexpr Row kRows[] = {
      {"", kValue, 0},
      {"  ", kValue, 2},
      {"{", kName, 1},
      {"[", kValue, 1},
      {"[1", kComma, 2},
      {"[1,", kValue, 3},
      {"[1,]", kValue, 3},
      {"[1 2]", kComma, 3},
      {"[,]", kValue, 1},
      {"[}", kValue, 1},
      {"[1}", kComma, 2},
      {"{\"a\"", kColon, 4},
      {"{\"a\":", kValue, 5},
      {"{\"a\":1", kComma, 6},
      {"{\"a\":1,", kName, 7},
      {"{\"a\":1,}", kName, 7},
      {"{\"a\" 1}", kColon, 5},
      {"{\"a\":1 \"b\"}", kComma, 7},
      {"{1:2}", kName, 1},
      {"{,}", kName, 1},
      {"{]", kName, 1},
      {"{\"a\":1]", kComma, 6},
      {"{'a':1}", kName, 1},
      {"{a:1}", kName, 1},
      {"{\"a\":\"x", kOpen, 5},
      {"{\"a\":\"b\",\"c", kOpen, 9},
      {"\"abc", kOpen, 0},
      {"\"", kOpen, 0},
      {"\"\\", kOpen, 0},
      {"\"a\\\"", kOpen, 0},
      {"\"ab\\x\"", "Invalid \\escape", 3},
      {"\"\\U0041\"", "Invalid \\escape", 1},
      {"\"\\u12\"", "Invalid \\uXXXX escape", 2},
      {"\"\\u12", "Invalid \\uXXXX escape", 2},
      {"\"\\u12G4\"", "Invalid \\uXXXX escape", 2},
      {"\"\\u\"", "Invalid \\uXXXX escape", 2},
      {"\"\\u+123\"", "Invalid \\uXXXX escape", 2},
      {"\"a\nb\"", kControl, 2},
      {"\"0123456789\tb\"", kControl, 11},
      {"\"\0\""sv, kControl, 1},
      {"\0"sv, kValue, 0},
      {"1\0"sv, kExtra, 1},
      {"[1]\0"sv, kExtra, 3},
      {"nul", kValue, 0},
      {"nulll", kExtra, 4},
      {"True", kValue, 0},
      {"NaN", kValue, 0},
      {"Infinity", kValue, 0},
      {"-Infinity", kValue, 0},
      {"1.", kExtra, 1},
      {"1.e1", kExtra, 1},
      {"1e", kExtra, 1},
      {"1e+", kExtra, 1},
      {"1.5e", kExtra, 3},
      {"01", kExtra, 1},
      {"-01", kExtra, 2},
      {"0x1", kExtra, 1},
      {"-", kValue, 0},
      {"--1", kValue, 0},
      {"+1", kValue, 0},
      {".5", kValue, 0},
      {"[1.]", kComma, 2},
      {"1 2", kExtra, 2},
      {" [1] ]", kExtra, 5},
      {"\xef\xbb\xbf{}", kValue, 0},
      {"// x\n1", kValue, 0},
      {"\v1", kValue, 0},
      {"\xc2\xa0"
       "1",
       kValue, 0},
      {"\"\x80\"", kUtf8, 1},
      {"\"ab\xff\"", kUtf8, 3},
      {"\"\xc0\xaf\"", kUtf8, 1},
      {"\"\xed\xa0\x80\"", kUtf8, 1},
      {"\"\xf4\x90\x80\x80\"", kUtf8, 1},
      {"\"\xe2\x82\"", kUtf8, 1},
      {"\"\xe2\x82", kUtf8, 1},
      {"{\"\xff\":1}", kUtf8, 2},
  };
  for (const Row& row : kRows) {
    json::ParseError where;
    const auto value = json::parse_value(row.text, &where);
    EXPECT_ROW(row.text, !value.ok());
    EXPECT_EQ_ROW(row.text, where.message, row.message);
    EXPECT_EQ_ROW(row.text, where.offset, row.offset);
    EXPECT_EQ_ROW(row.text, value.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ_ROW(row.text, value.error().message,
                  std::string(row.message) + " at offset " + std::to_string(row.offset));
    EXPECT_ROW(row.text, !json::valid(row.text));
  }
}
END_TEST

// The fast way over plain text looks at eight bytes at once: each byte at each place in a word.
START_TEST(every_byte_at_every_place) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text = "\"" + std::string(20, 'x') + "\"";
      text[1 + place] = static_cast<char>(c);
      const bool good = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
      ck_assert_msg(json::valid(text) == good, "byte %d at %zu", c, place);
      if (place < 19) {
        text[2 + place] = 'n';
        ck_assert_msg(json::valid(text) == (good || c == '\\'), "byte %d at %zu", c, place);
      }
    }
  }
}
END_TEST

std::string nested(std::size_t depth, bool object) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) {
    out += object ? "{\"a\":" : "[";
  }
  out += object ? "1" : "";
  return out.append(depth, object ? '}' : ']');
}

START_TEST(bounds_depth) {
  EXPECT(json::valid(nested(64, false)));
  EXPECT(json::valid(nested(json::kMaxDepth, false)));
  EXPECT(json::valid(nested(json::kMaxDepth, true)));
  json::ParseError where;
  EXPECT(!json::parse_value(nested(json::kMaxDepth + 1, false), &where).ok());
  EXPECT_EQ(where.message, "Nesting deeper than 512 levels");
  EXPECT_EQ(where.offset, json::kMaxDepth);
  EXPECT(!json::valid(nested(json::kMaxDepth + 1, true)));
  EXPECT(!json::valid(std::string(5'000'000, '[')));
  std::string wide = "[";
  for (int i = 0; i < 100'000; ++i) {
    wide += "[{}],";
  }
  EXPECT(json::valid(wide + "0]"));
}
END_TEST

START_TEST(first_value_of_a_longer_text) {
  struct Row {
    std::string_view text;
    std::string_view raw;
  };
  constexpr Row kRows[] = {
      {" {\"a\":1} trailing \xff", "{\"a\":1}"},
      {"[1]]", "[1]"},
      {"12 34", "12"},
      {"null,", "null"},
      {"\"a\"\"b\"", "\"a\""},
      {"true", "true"},
  };
  for (const Row& row : kRows) {
    const auto value = json::parse_first(row.text);
    EXPECT_ROW(row.text, value.ok());
    EXPECT_EQ_ROW(row.text, value->raw, row.raw);
  }
  EXPECT(!json::parse_first("").ok());
  EXPECT(!json::parse_first("{").ok());
}
END_TEST

START_TEST(hands_out_members) {
  const auto value = json::parse_value(
      R"( { "data" : {"x":[1,{"y":"}]"}]} ,"s":"a\"b,}", "n":-1.5e3,"" : null,"a\u00e9\n":[],)"
      R"("data":18446744073709551617,"t":true}  )");
  EXPECT(value.ok());
  const auto all = json::members(*value);
  EXPECT(all.ok());
  struct Row {
    std::string_view name;
    Kind kind;
    std::string_view raw;
  };
  constexpr Row kRows[] = {
      {"data", Kind::kObject, R"({"x":[1,{"y":"}]"}]})"},
      {"s", Kind::kString, R"("a\"b,}")"},
      {"n", Kind::kNumber, "-1.5e3"},
      {"", Kind::kNull, "null"},
      {"a\xc3\xa9\n", Kind::kArray, "[]"},
      {"data", Kind::kNumber, "18446744073709551617"},
      {"t", Kind::kBool, "true"},
  };
  EXPECT_EQ(all->size(), std::size(kRows));
  for (std::size_t i = 0; i < all->size(); ++i) {
    EXPECT_EQ_ROW(i, (*all)[i].name, kRows[i].name);
    EXPECT_EQ_ROW(i, (*all)[i].value.kind, kRows[i].kind);
    EXPECT_EQ_ROW(i, (*all)[i].value.raw, kRows[i].raw);
  }
  EXPECT_EQ(json::find(*all, "data")->raw, "18446744073709551617");
  EXPECT(json::find(*all, "dat") == nullptr);
  EXPECT(json::members(*json::parse_value("{ }"))->empty());
  EXPECT(!json::members(*json::parse_value("[]")).ok());
  EXPECT(!json::members(*json::parse_value("\"{}\"")).ok());
}
END_TEST

START_TEST(hands_out_elements) {
  const auto value = json::parse_value(R"([ 1 ,"],[", [2,[3]],{"a":[4]} , null,true])");
  const auto all = json::elements(*value);
  EXPECT(all.ok());
  constexpr std::string_view kRaw[] = {"1", "\"],[\"", "[2,[3]]", "{\"a\":[4]}", "null", "true"};
  EXPECT_EQ(all->size(), std::size(kRaw));
  for (std::size_t i = 0; i < all->size(); ++i) {
    EXPECT_EQ_ROW(i, (*all)[i].raw, kRaw[i]);
  }
  EXPECT(json::elements(*json::parse_value("[\n]"))->empty());
  EXPECT(!json::elements(*json::parse_value("{}")).ok());
}
END_TEST

// A Value that nobody parsed: any answer, but no step beyond the text.
START_TEST(counts_no_further_than_it_must) {
  const auto more = [](std::string_view text) { return json::has_more_elements(text, "m", 2); };
  EXPECT(more("{\"m\":[1,2,3]}"));
  EXPECT(more(" { \"a\" : [1,2,3,4] , \"m\" : [ [ ] , {} , \"\" ] } "));
  EXPECT(more("{\"\\u006d\":[1,2,3]}"));
  EXPECT(more("{\"m\":[1,2,3,"));
  for (const char* text :
       {"{\"m\":[1,2]}", "{\"m\":[]}", "{\"m\":[[1,2,3]]}", "{\"a\":{\"m\":[1,2,3]}}",
        "{\"m\":{\"m\":[1,2,3]}}", "{\"a\":[1,2,3]}", "[1,2,3]", "{\"m\":\"[1,2,3]\"}", "", "{",
        "{\"", "{\"m\"", "{\"m\":", "{\"m\":[", "{\"m\":[1,2", "{,,,", "{}"}) {
    EXPECT(!more(text));
  }
}
END_TEST

START_TEST(survives_values_that_were_never_checked) {
  constexpr std::string_view kTexts[] = {
      "",
      "{",
      "{}",
      "[",
      "[1",
      "[1,",
      "{\"",
      "{\"a",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1",
      "{\"a\":[",
      "\"",
      "\"\\",
      "\"\\u",
      "\"\\u12\"",
      "{\"a\\",
      "[\"\\\"",
      "[[[",
      "]]",
      "{:}",
      "[,]",
      "xx",
      "{\"a\":}",
      "[]]",
      "\"\\ud800\\u\"",
      "\"\\ud800\\udc0\"",
  };
  for (const std::string_view text : kTexts) {
    const std::string copy(text);  // so that a sanitizer sees its end
    for (const Kind kind :
         {Kind::kNull, Kind::kBool, Kind::kNumber, Kind::kString, Kind::kArray, Kind::kObject}) {
      const json::Value value{kind, copy};
      (void)json::members(value);
      (void)json::elements(value);
      (void)json::unquote(value);
      (void)json::unquote_strict(value);
      (void)json::to_int64(value);
    }
    std::string out;
    json::append_compact(out, copy);
    json::append_single_line(out, copy);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("json", accepts_what_rfc_8259_allows, refuses_everything_else, every_byte_at_every_place,
           bounds_depth, first_value_of_a_longer_text, hands_out_members, hands_out_elements,
           counts_no_further_than_it_must, survives_values_that_were_never_checked)
