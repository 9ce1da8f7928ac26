#pragma once

// The frame of a Check program in tests/:
//
//   START_TEST(refuses_a_sign) { EXPECT(!parse_u64("+1")); } END_TEST
//   CHECK_MAIN("text", refuses_a_sign)
//
// In a loop over a table, say which row it is: EXPECT_ROW(row.name, …), EXPECT_EQ_ROW(row.name, …).

#include <check.h>

// Check's macros of these names break the standard library's streams.
#undef fail
#undef fail_if
#undef fail_unless

#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace notify::test {

// Printable, so that a failure over hostile bytes can be read.
inline std::string show(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : bytes.substr(0, 400)) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f) {
      out += "\\x";
      out += kDigits[u >> 4];
      out += kDigits[u & 15];
    } else {
      out += c;
    }
  }
  return out + (bytes.size() > 400 ? "\"…" : "\"");
}

template <class T>
std::string show_any(const T& value) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return show(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<long long>(value));
  } else {
    std::ostringstream out;
    out << value;
    return out.str();
  }
}

template <class T>
inline constexpr bool kNumber =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>;

template <class A, class B>
bool same(const A& actual, const B& expected) {
  if constexpr (std::is_convertible_v<const A&, std::string_view> &&
                std::is_convertible_v<const B&, std::string_view>) {
    return std::string_view(actual) == std::string_view(expected);
  } else if constexpr (kNumber<A> && kNumber<B>) {
    return std::cmp_equal(actual, expected);
  } else {
    return actual == expected;
  }
}

// What to say if they differ; empty if not. A function, so that temporaries live long enough.
template <class Row, class A, class B>
std::string difference(const Row& row, const char* what, const A& actual, const B& expected) {
  if (same(actual, expected)) {
    return {};
  }
  return "row " + show_any(row) + ": " + what + " is " + show_any(actual) + ", expected " +
         show_any(expected);
}

inline int run(const char* name, std::initializer_list<const TTest*> tests) {
  Suite* suite = suite_create(name);
  TCase* all = tcase_create(name);
  tcase_set_timeout(all, 60);  // sanitizers on a busy machine
  for (const TTest* test : tests) {
    tcase_add_test(all, test);
  }
  suite_add_tcase(suite, all);
  SRunner* runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace notify::test

#define EXPECT(condition) ck_assert_msg((condition), "expected: %s", #condition)
#define EXPECT_ROW(row, condition)                                                        \
  ck_assert_msg((condition), "row %s: expected: %s", notify::test::show_any(row).c_str(), \
                #condition)
#define EXPECT_EQ_ROW(row, actual, expected)                            \
  do {                                                                  \
    const std::string difference_ =                                     \
        notify::test::difference((row), #actual, (actual), (expected)); \
    ck_assert_msg(difference_.empty(), "%s", difference_.c_str());      \
  } while (false)
#define EXPECT_EQ(actual, expected) EXPECT_EQ_ROW("-", actual, expected)

#define CHECK_MAIN(name, ...) \
  int main() { return notify::test::run(name, {__VA_ARGS__}); }
