#include "shared/model/lax.hpp"

#include "tests/check_main.hpp"

// The tables were made with pydantic 2.13 over json.loads().

using namespace notify;

namespace {

struct Row {
  std::string_view json;
  std::string_view raw;
  std::string_view error;
};

template <std::size_t kCount>
void check_rows(const Row (&rows)[kCount], LaxValue (*convert)(const json::Value&)) {
  for (const Row& row : rows) {
    const auto value = json::parse_value(row.json);
    EXPECT_ROW(row.json, value.ok());
    const LaxValue result = convert(*value);
    EXPECT_EQ_ROW(row.json, result.error, row.error);
    EXPECT_EQ_ROW(row.json, result.raw, row.raw);
    EXPECT_EQ_ROW(row.json, result.msg.empty(), row.error.empty());
    EXPECT_ROW(row.json, row.raw.empty() || json::valid(row.raw));
  }
}

START_TEST(booleans) {
  constexpr Row kRows[] = {
      {"true", "true", ""},
      {"false", "false", ""},
      {"0", "false", ""},
      {"1", "true", ""},
      {"-0", "false", ""},
      {"0.0", "false", ""},
      {"1.0", "true", ""},
      {"1e0", "true", ""},
      {"2", "", "bool_parsing"},
      {"-1", "", "bool_parsing"},
      {"1.5", "", "bool_type"},
      {"1e999", "", "bool_type"},
      {"\"true\"", "true", ""},
      {"\"TRUE\"", "true", ""},
      {"\"T\"", "true", ""},
      {"\"yes\"", "true", ""},
      {"\"Y\"", "true", ""},
      {"\"on\"", "true", ""},
      {"\"1\"", "true", ""},
      {"\"0\"", "false", ""},
      {"\"off\"", "false", ""},
      {"\"n\"", "false", ""},
      {"\"No\"", "false", ""},
      {"\"f\"", "false", ""},
      {"\"False\"", "false", ""},
      {"\" true\"", "", "bool_parsing"},
      {"\"\"", "", "bool_parsing"},
      {"\"2\"", "", "bool_parsing"},
      {"null", "", "bool_type"},
      {"[]", "", "bool_type"},
      {"{}", "", "bool_type"},
      {"\"\\u0074rue\"", "true", ""},
      {"99999999999999999999", "", "bool_type"},
      {"100.0", "", "bool_parsing"},
      {"1e20", "", "bool_type"},
  };
  check_rows(kRows, lax_boolean);
}
END_TEST

START_TEST(integers) {
  constexpr Row kRows[] = {
      {"1", "1", ""},
      {"-1", "-1", ""},
      {"-0", "0", ""},
      {"1.0", "1", ""},
      {"-0.0", "0", ""},
      {"1e3", "1000", ""},
      {"1.5", "", "int_from_float"},
      {"1e20", "", "int_parsing_size"},
      {"9223372036854775808.0", "", "int_parsing_size"},
      {"1e999", "", "finite_number"},
      {"9223372036854775807", "9223372036854775807", ""},
      {"123456789012345678901234567890", "123456789012345678901234567890", ""},
      {"true", "1", ""},
      {"false", "0", ""},
      {"\"1\"", "1", ""},
      {"\" 1 \"", "1", ""},
      {"\"+1\"", "1", ""},
      {"\"-1\"", "-1", ""},
      {"\"-0\"", "0", ""},
      {"\"00\"", "0", ""},
      {"\"01\"", "1", ""},
      {"\"1.0\"", "1", ""},
      {"\"1.0000\"", "1", ""},
      {"\"1_0\"", "10", ""},
      {"\"123456789012345678901234567890\"", "123456789012345678901234567890", ""},
      {"\"1.5\"", "", "int_parsing"},
      {"\"1.\"", "", "int_parsing"},
      {"\".0\"", "", "int_parsing"},
      {"\"1__0\"", "", "int_parsing"},
      {"\"_1\"", "", "int_parsing"},
      {"\"1_\"", "", "int_parsing"},
      {"\"1e3\"", "", "int_parsing"},
      {"\"0x10\"", "", "int_parsing"},
      {"\"--1\"", "", "int_parsing"},
      {"\"+\"", "", "int_parsing"},
      {"\"\"", "", "int_parsing"},
      {"\"x\"", "", "int_parsing"},
      {"\"1\\u0000\"", "", "int_parsing"},
      {"null", "", "int_type"},
      {"[]", "", "int_type"},
      {"{}", "", "int_type"},
  };
  check_rows(kRows, lax_integer);
  const std::string large = "\"" + std::string(4301, '1') + "\"";
  EXPECT_EQ(lax_integer({json::Kind::kString, large}).error, "int_parsing_size");
}
END_TEST

START_TEST(numbers) {
  constexpr Row kRows[] = {
      {"1", "1", ""},
      {"1.50", "1.50", ""},
      {"1e999", "1e999", ""},
      {"123456789012345678901234567890", "123456789012345678901234567890", ""},
      {"true", "1", ""},
      {"\"1\"", "1", ""},
      {"\" 1.5 \"", "1.5", ""},
      {"\"1e3\"", "1e3", ""},
      {"\"1E-3\"", "1E-3", ""},
      {"\"1_0\"", "10", ""},
      {"\"+1.5\"", "1.5", ""},
      {"\"-007.50\"", "-7.50", ""},
      {"\".5\"", "0.5", ""},
      {"\"5.\"", "5", ""},
      {"\"5.e2\"", "5e2", ""},
      {"\".\"", "", "float_parsing"},
      {"\"1e\"", "", "float_parsing"},
      {"\"1e+\"", "", "float_parsing"},
      {"\"e1\"", "", "float_parsing"},
      {"\"1.5.2\"", "", "float_parsing"},
      {"\"x\"", "", "float_parsing"},
      {"\"\"", "", "float_parsing"},
      {"\"nan\"", "", "float_parsing"},
      {"\"inf\"", "", "float_parsing"},
      {"null", "", "float_type"},
      {"[]", "", "float_type"},
  };
  check_rows(kRows, lax_number);
}
END_TEST

}  // namespace

CHECK_MAIN("lax", booleans, integers, numbers)
