#include "shared/auth/fair_share.hpp"

#include "tests/check_main.hpp"

using namespace notify;

namespace {

// As its users do: one more for that owner, at another's cost if need be.
bool come(FairShare& share, std::string_view owner) {
  if (share.full()) {
    const std::string most(share.who_makes_room_for(owner));
    if (most.empty()) {
      return false;
    }
    share.give(most);
  }
  share.take(owner);
  return true;
}

std::size_t come_often(FairShare& share, std::string_view owner, int times) {
  std::size_t came = 0;
  for (int i = 0; i < times; ++i) {
    came += come(share, owner) ? 1 : 0;
  }
  return came;
}

START_TEST(one_owner_may_have_all) {
  FairShare share(8);
  EXPECT_EQ(come_often(share, "a", 20), 8);
  EXPECT(share.full());
  EXPECT_EQ(share.taken(), 8);
  EXPECT(share.who_makes_room_for("a").empty());
  EXPECT_EQ(share.who_makes_room_for("b"), "a");
}
END_TEST

START_TEST(they_end_with_equal_parts) {
  FairShare share(12);
  EXPECT_EQ(come_often(share, "a", 20), 12);
  EXPECT_EQ(come_often(share, "b", 20), 6);
  EXPECT_EQ(come_often(share, "c", 20), 4);
  EXPECT_EQ(come_often(share, "a", 20), 0);
  EXPECT_EQ(come_often(share, "d", 20), 3);
  EXPECT_EQ(share.taken(), 12);
}
END_TEST

START_TEST(who_comes_last_is_let_in) {
  FairShare share(256);
  for (int i = 0; i < 255; ++i) {
    EXPECT_ROW(i, come_often(share, std::to_string(i), 300) > 0);
    EXPECT_ROW(i, come(share, "last"));
    share.give("last");
    EXPECT_ROW(i, share.taken() <= 256);
  }
}
END_TEST

START_TEST(as_many_owners_as_places_leave_none) {
  FairShare share(4);
  for (const char* owner : {"a", "b", "c", "d"}) {
    EXPECT(come(share, owner));
  }
  EXPECT(!come(share, "e"));
  EXPECT(!come(share, "a"));
  share.give("b");
  EXPECT(come(share, "e"));
}
END_TEST

START_TEST(only_what_was_taken_is_given) {
  FairShare share(2);
  share.give("a");
  EXPECT_EQ(share.taken(), 0);
  share.take("a");
  share.give("b");
  EXPECT_EQ(share.taken(), 1);
  share.give("a");
  share.give("a");
  EXPECT_EQ(share.taken(), 0);
  EXPECT(!share.full());
  EXPECT(FairShare(0).full());
  EXPECT(FairShare(0).who_makes_room_for("a").empty());
}
END_TEST

}  // namespace

CHECK_MAIN("fair_share", one_owner_may_have_all, they_end_with_equal_parts,
           who_comes_last_is_let_in, as_many_owners_as_places_leave_none,
           only_what_was_taken_is_given)
