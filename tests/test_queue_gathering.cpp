// Work queues of an nginx worker that gather what they ask for (queue/limits.hpp: gather_…).

#include <utility>

#include "tests/queue_fixture.hpp"

using namespace notify;
using namespace notify::test;
using Client = QueueClient;
using Fixture = QueueFixture;

namespace {

START_TEST(who_has_enough_to_do_is_asked_for_a_little_later) {
  Limits limits;
  limits.gather_hand = 4;
  limits.gather_part = 4;
  limits.gather_ms = 7;
  Fixture f(limits);
  Client a;
  f.limits_["a"] = 8;
  f.settle(a, "a", 8);
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+8");
  f.answer_taken({share(8, {1, 2, 3, 4, 5, 6, 7, 8})}, true);
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(f.waker.wake_in_ms, 0U);

  f.control("done 1-0");
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(std::exchange(f.waker.wake_in_ms, 0U), 7U);
  f.queues.gathered();
  EXPECT_EQ(f.asked(), "take s/g a:7+1");
  f.answer_taken({share(8, {9})}, true);

  // Room for a quarter does not wait.
  f.control("done 2-0");
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(std::exchange(f.waker.wake_in_ms, 0U), 7U);
  f.control("done 3-0");
  EXPECT_EQ(f.asked(), "take s/g a:6+2");
  f.answer_taken({share(8, {10, 11})}, true);
  f.queues.gathered();
  EXPECT_EQ(f.asked(), "");

  // Nor does anybody beside one who has little.
  f.control("done 4-0");
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(std::exchange(f.waker.wake_in_ms, 0U), 7U);
  Client b;
  f.join(b, "b", 8);
  f.answer_join(8);
  EXPECT_EQ(f.asked(), "take s/g a:7+1 b:0+8");
  f.answer_taken({share(8, {}), share(8, {})});
  EXPECT_EQ(f.asked(), "");

  // Nor does the look of each second.
  b.consumer.reset();
  f.queues.on_bell("s", {12, 0});
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(std::exchange(f.waker.wake_in_ms, 0U), 7U);
  f.wait(1'000);
  EXPECT_EQ(f.asked(), "take s/g a:7+1");
  f.answer_taken({share(8, {12})}, true);

  // Somebody who waits may leave.
  f.control("done 5-0");
  EXPECT_EQ(f.asked(), "");
  a.consumer.reset();
  f.queues.gathered();
  EXPECT_EQ(f.asked(), "");
}
END_TEST

}  // namespace

CHECK_MAIN("queue gathering", who_has_enough_to_do_is_asked_for_a_little_later)
