// The hub, case by case: many subscribers, and slow ones.

#include <algorithm>

#include "tests/check_main.hpp"
#include "tests/hub_world.hpp"

namespace notify::test {
namespace {

// ---- slow ones ----------------------------------------------------------------------------------

START_TEST(a_blocked_sink_is_left_alone_and_then_replays) {
  Limits limits;
  limits.ring_entries = 4;
  limits.page_entries = 3;
  World world(limits);
  FakeSink slow;
  FakeSink quick;
  auto a = world.join_live(slow);
  auto b = world.join_live(quick);
  slow.flow = Flow::kBlocked;
  std::string all;
  for (std::uint64_t ms = 1; ms <= 20; ++ms) {
    world.publish(ms);
    world.settle();
    all += std::to_string(ms) + " ";
  }
  EXPECT_EQ(quick.text, all);
  EXPECT_EQ(slow.text, "1 ");
  EXPECT_EQ(slow.deliveries, 1);
  // It takes one page at a time, at its own pace.
  for (int i = 0; i < 4; ++i) {
    world.hub.drained(*a);
    EXPECT_EQ(world.source.reads.size(), 1U);
    world.answer();
    EXPECT(world.source.reads.empty());
    EXPECT_EQ(slow.deliveries, 2 + i);
  }
  slow.flow = Flow::kOpen;
  world.hub.drained(*a);
  world.answer_all();
  EXPECT_EQ(slow.text, all);
  EXPECT(a->state() == Subscriber::State::kLive);
}
END_TEST

START_TEST(a_batch_is_bounded) {
  Limits limits;
  limits.batch_bytes = 100;
  limits.piece_bytes = 40;
  World world(limits);
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  std::string all;
  for (std::uint64_t ms = 1; ms <= 200; ++ms) {
    world.publish(ms);
    all += std::to_string(ms) + " ";
  }
  world.settle();
  EXPECT_EQ(sink.text, all);
  EXPECT(sink.deliveries >= 6);
  EXPECT(sink.last_bytes <= 100);
  EXPECT(sink.last_pieces <= kMaxPieces);
}
END_TEST

START_TEST(a_page_beyond_a_batch_is_read_again) {
  Limits limits;
  limits.batch_bytes = 8;
  World world(limits);
  FakeSink sink;
  for (std::uint64_t ms = 1; ms <= 20; ++ms) {
    world.add(ms);
  }
  auto subscriber = world.join_live(sink, after(10));
  EXPECT_EQ(sink.text, "11 12 13 14 15 16 17 18 19 20 ");
}
END_TEST

// ---- fan-out ------------------------------------------------------------------------------------

START_TEST(fan_out_is_sliced) {
  Limits limits;
  limits.turn_subscribers = 10;
  World world(limits);
  std::vector<FakeSink> sinks(100);
  std::vector<std::unique_ptr<Subscriber>> crowd;
  for (FakeSink& sink : sinks) {
    crowd.push_back(world.join_live(sink));
  }
  world.publish(1);
  const auto served = [&] {
    return std::count_if(sinks.begin(), sinks.end(),
                         [](const FakeSink& sink) { return !sink.text.empty(); });
  };
  world.waker.wakes = 0;
  world.hub.turn();
  EXPECT(served() <= 10);
  EXPECT_EQ(world.waker.wakes, 1);
  // What arrives meanwhile joins what is under way.
  world.publish(2);
  world.settle();
  int deliveries = 0;
  for (const FakeSink& sink : sinks) {
    EXPECT_EQ(sink.text, "1 2 ");
    deliveries += sink.deliveries;
  }
  EXPECT(deliveries <= 100 + 11);
}
END_TEST

START_TEST(anybody_may_leave_in_the_middle_of_a_walk) {
  World world;
  constexpr std::size_t kCrowd = 10;
  for (std::size_t actor = 0; actor < kCrowd; ++actor) {
    for (std::size_t victim = 0; victim < kCrowd; ++victim) {
      std::vector<std::unique_ptr<FakeSink>> sinks;
      std::vector<std::unique_ptr<Subscriber>> crowd;
      for (std::size_t i = 0; i < kCrowd; ++i) {
        sinks.push_back(std::make_unique<FakeSink>());
        crowd.push_back(world.join_live(*sinks.back()));
      }
      sinks[actor]->on_deliver = [&] {
        crowd[victim].reset();
        sinks[victim].reset();
      };
      world.publish(world.last + 1);
      world.settle();
      for (std::size_t i = 0; i < kCrowd; ++i) {
        if (sinks[i]) {
          EXPECT_EQ_ROW(i, sinks[i]->deliveries, 1);
        }
      }
    }
  }
  EXPECT_EQ(world.hub.figures().subscribers, 0U);
}
END_TEST

START_TEST(a_closed_sink_is_forgotten) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  sink.flow = Flow::kClosed;
  world.publish(1);
  world.settle();
  EXPECT(subscriber->state() == Subscriber::State::kClosed);
  EXPECT_EQ(world.hub.figures().subscribers, 0U);
  world.publish(2);
  world.settle();
  world.hub.drained(*subscriber);
  EXPECT_EQ(sink.deliveries, 1);
}
END_TEST

START_TEST(formats_do_not_mix) {
  World world;
  struct Shout final : PlainFormat {
    std::string entry(std::string_view, const Entry& entry) const override {
      return entry.fields[0].second + "! ";
    }
  } shout;
  FakeSink plain;
  FakeSink loud;
  auto a = world.join_live(plain);
  auto b = world.hub.join(kName, shout, loud, {});
  world.settle();
  world.publish(1);
  world.publish(2);
  world.settle();
  EXPECT_EQ(plain.text, "1 2 ");
  EXPECT_EQ(loud.text, "1! 2! ");
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("hub: fan-out", a_blocked_sink_is_left_alone_and_then_replays, a_batch_is_bounded,
           a_page_beyond_a_batch_is_read_again, fan_out_is_sliced,
           anybody_may_leave_in_the_middle_of_a_walk, a_closed_sink_is_forgotten,
           formats_do_not_mix)
