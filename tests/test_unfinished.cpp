#include "ngx_notify_module/websocket/unfinished.hpp"

#include <deque>
#include <random>

#include "tests/check_main.hpp"

using namespace notify::websocket;

namespace {

struct Client final : Unfinished::Seat {
  explicit Client(std::string_view address) : Seat(address) {}
  void make_room() override { ++left; }
  int left = 0;
};

START_TEST(who_has_most_of_the_greatest_address_makes_room) {
  Unfinished all(1000);
  Client neighbour("b"), one("a"), two("a"), three("a");
  all.hold(neighbour, 400);
  all.hold(one, 250);
  all.hold(two, 350);
  EXPECT_EQ(all.total(), 1000U);
  all.hold(three, 1);  // the address `a` has 601: of these `two` has most
  EXPECT_EQ(two.left, 1);
  EXPECT_EQ(all.total(), 651U);
  EXPECT_EQ(neighbour.left + one.left + three.left, 0);
  all.hold(neighbour, 900);  // goes beyond it alone
  EXPECT_EQ(neighbour.left, 1);
  EXPECT_EQ(all.total(), 251U);
  all.hold(one, 0);
  all.hold(three, 0);
  EXPECT_EQ(all.total(), 0U);
}
END_TEST

START_TEST(the_bound_holds_whoever_comes) {
  std::mt19937 random(3);
  Unfinished all(10'000);
  std::deque<Client> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(std::to_string(i % 7));
  }
  for (int step = 0; step < 20'000; ++step) {
    all.hold(clients[random() % clients.size()], random() % 3 == 0 ? 0 : random() % 500);
    EXPECT(all.total() <= 10'000);
  }
  for (Client& client : clients) {
    all.hold(client, 0);
  }
  EXPECT_EQ(all.total(), 0U);
}
END_TEST

START_TEST(one_larger_than_the_bound_leaves) {
  Unfinished all(10);
  Client client("a");
  all.hold(client, 11);
  EXPECT_EQ(client.left, 1);
  EXPECT_EQ(all.total(), 0U);
}
END_TEST

}  // namespace

CHECK_MAIN("unfinished", who_has_most_of_the_greatest_address_makes_room,
           the_bound_holds_whoever_comes, one_larger_than_the_bound_leaves)
