#include "ngx_notify_module/upstream/owed_names.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

OwedName name_until(const std::string& consumer, std::uint64_t until_ms) {
  return {"s", "g", consumer, "token", until_ms};
}

START_TEST(comes_back_in_order_while_its_lease_lasts) {
  OwedNames names;
  EXPECT(!names.next(0));
  names.add(name_until("lapsed", 10));
  names.add(name_until("first", 30));
  names.add(name_until("second", 31));
  EXPECT_EQ(names.next(10)->consumer, "first");
  EXPECT_EQ(names.next(30)->consumer, "second");
  EXPECT(names.empty());
  names.add(name_until("late", 40));
  EXPECT(!names.next(40));
  EXPECT(names.empty());
}
END_TEST

START_TEST(is_bounded) {
  OwedNames names;
  for (std::size_t i = 0; i < OwedNames::kMost + 1; ++i) {
    names.add(name_until(std::to_string(i), 100));
  }
  std::size_t count = 0;
  while (names.next(0)) {
    ++count;
  }
  EXPECT_EQ(count, OwedNames::kMost);
}
END_TEST

}  // namespace

CHECK_MAIN("owed_names", comes_back_in_order_while_its_lease_lasts, is_bounded)
