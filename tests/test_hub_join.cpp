// The hub, case by case: who joins, and who leaves.

#include "tests/check_main.hpp"
#include "tests/hub_world.hpp"

namespace notify::test {
namespace {

// ---- joining ------------------------------------------------------------------------------------

START_TEST(begins_only_when_the_subscription_stands) {
  World world;
  FakeSink sink;
  world.add(1);
  auto subscriber = world.join(sink);
  EXPECT_EQ(world.source.log.back(), "+s");
  EXPECT(world.source.reads.empty());
  world.settle();
  EXPECT_EQ(sink.attachments, 0);
  world.hub.on_subscribed(kName);
  EXPECT_EQ(world.source.reads.size(), 1U);
  EXPECT_EQ(world.source.reads.front().count, 0U);
  world.settle();
  EXPECT_EQ(sink.attachments, 0);
  world.answer();
  EXPECT_EQ(sink.attachments, 1);
  EXPECT(subscriber->resume() == Resume::kNew);
  world.publish(2);
  world.publish(3);
  EXPECT_EQ(sink.text, "");  // not from inside of the bell
  world.settle();
  EXPECT_EQ(sink.text, "2 3 ");
  EXPECT_EQ(sink.deliveries, 1);  // a burst is one delivery
  EXPECT_EQ(sink.last_pieces, 1U);
  EXPECT_EQ(subscriber->position().ms, 3U);
}
END_TEST

START_TEST(bells_before_the_position_is_known_leave_no_hole) {
  World world;
  FakeSink sink;
  auto subscriber = world.join(sink);
  world.hub.on_subscribed(kName);
  world.publish(1);  // the read below sees it, so it came before
  const FakeSource::Read read = world.source.reads.front();
  const Page page = world.page({}, 0);
  world.publish(2);
  world.publish(3);
  world.source.reads.pop_front();
  world.hub.on_page(read.ticket, page);
  world.settle();
  EXPECT_EQ(sink.attachments, 1);
  EXPECT_EQ(sink.text, "");  // it begins where it was told that it begins
  world.publish(4);
  world.settle();
  EXPECT_EQ(sink.text, "4 ");
  EXPECT(world.source.reads.empty());
}
END_TEST

START_TEST(resumes_from_the_ring) {
  World world;
  FakeSink first;
  FakeSink second;
  auto a = world.join_live(first);
  for (std::uint64_t ms = 1; ms <= 5; ++ms) {
    world.publish(ms);
  }
  world.settle();
  auto b = world.join(second, after(2));
  world.settle();
  EXPECT(world.source.reads.empty());
  EXPECT_EQ(second.text, "3 4 5 ");
  EXPECT(b->resume() == Resume::kRing);
  EXPECT_EQ(world.format.entries, 5);  // rendered once
}
END_TEST

START_TEST(resumes_from_the_stream_page_by_page) {
  Limits limits;
  limits.page_entries = 4;
  limits.ring_entries = 4;
  World world(limits);
  FakeSink sink;
  for (std::uint64_t ms = 1; ms <= 10; ++ms) {
    world.add(ms);
  }
  auto subscriber = world.join_live(sink, after(1));
  EXPECT_EQ(sink.text, "2 3 4 5 6 7 8 9 10 ");
  EXPECT(subscriber->resume() == Resume::kReplayed);
  world.publish(11);
  world.settle();
  EXPECT_EQ(sink.text, "2 3 4 5 6 7 8 9 10 11 ");
}
END_TEST

START_TEST(what_rings_while_it_replays_comes_after_it) {
  World world;
  FakeSink sink;
  for (std::uint64_t ms = 1; ms <= 3; ++ms) {
    world.add(ms);
  }
  auto subscriber = world.join(sink, after(1));
  world.hub.on_subscribed(kName);
  world.answer();  // position
  EXPECT_EQ(world.source.reads.size(), 1U);
  const FakeSource::Read read = world.source.reads.front();
  world.source.reads.pop_front();
  world.publish(4);
  world.settle();
  const Page page = world.page(read.after, read.count);  // holds 4, too
  world.publish(5);
  world.settle();
  EXPECT_EQ(sink.text, "");
  world.hub.on_page(read.ticket, page);
  world.settle();
  EXPECT_EQ(sink.text, "2 3 4 5 ");
}
END_TEST

START_TEST(a_crowd_that_resumes_reads_once) {
  World world;
  constexpr std::size_t kCrowd = 50;
  for (std::uint64_t ms = 1; ms <= 20; ++ms) {
    world.add(ms);
  }
  std::vector<FakeSink> sinks(kCrowd);
  std::vector<std::unique_ptr<Subscriber>> crowd;
  for (std::size_t i = 0; i < kCrowd; ++i) {
    crowd.push_back(world.join(sinks[i], after(5 + i % 10)));
  }
  world.hub.on_subscribed(kName);
  const int reads = world.answer_all();
  EXPECT(reads <= 2);  // the position, and the first one's, who stands furthest back
  for (std::size_t i = 0; i < kCrowd; ++i) {
    std::string expected;
    for (std::uint64_t ms = 6 + i % 10; ms <= 20; ++ms) {
      expected += std::to_string(ms) + " ";
    }
    EXPECT_EQ_ROW(i, sinks[i].text, expected);
  }
}
END_TEST

START_TEST(a_leader_who_leaves_strands_nobody) {
  World world;
  for (std::uint64_t ms = 1; ms <= 20; ++ms) {
    world.add(ms);
  }
  FakeSink one;
  FakeSink two;
  auto a = world.join(one, after(5));
  auto b = world.join(two, after(7));
  world.hub.on_subscribed(kName);
  world.answer();
  EXPECT_EQ(world.source.reads.size(), 1U);
  a.reset();
  world.settle();
  world.answer_all();
  EXPECT_EQ(two.text.substr(0, 6), "8 9 10");
}
END_TEST

START_TEST(who_joins_an_idle_channel_is_not_given_what_came_before) {
  World world;
  FakeSink one;
  FakeSink two;
  auto a = world.join_live(one);
  a.reset();
  world.add(1);  // native, unseen
  auto b = world.join(two);
  world.settle();
  EXPECT_EQ(two.attachments, 0);
  world.answer_all();
  EXPECT_EQ(two.attachments, 1);
  world.publish(2);
  world.settle();
  EXPECT_EQ(two.text, "2 ");
}
END_TEST

// ---- channels -----------------------------------------------------------------------------------

START_TEST(a_channel_lingers_and_goes) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  subscriber.reset();
  world.tick(9000);
  EXPECT_EQ(world.hub.figures().channels, 1U);
  world.tick(1500);
  EXPECT_EQ(world.hub.figures().channels, 0U);
  EXPECT_EQ(world.source.log.back(), "-s");
  world.publish(1);  // nobody
  world.hub.on_subscribed(kName);
}
END_TEST

START_TEST(idle_channels_are_bounded) {
  Limits limits;
  limits.idle_channels = 3;
  World world(limits);
  FakeSink sink;
  for (int i = 0; i < 10; ++i) {
    world.hub.join("s" + std::to_string(i), world.format, sink, {}).reset();
  }
  world.tick();
  EXPECT_EQ(world.hub.figures().channels, 3U);
}
END_TEST

START_TEST(reads_in_flight_are_bounded) {
  Limits limits;
  limits.max_reads = 4;
  World world(limits);
  std::vector<FakeSink> sinks(20);
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const std::string name = "s" + std::to_string(i);
    subscribers.push_back(world.hub.join(name, world.format, sinks[i], {}));
    world.hub.on_subscribed(name);
  }
  EXPECT_EQ(world.source.reads.size(), 4U);
  subscribers[2].reset();  // its read is under way
  subscribers[10].reset();
  int answered = 0;
  while (!world.source.reads.empty()) {
    EXPECT(world.source.reads.size() <= 4);
    world.answer();
    ++answered;
  }
  EXPECT_EQ(answered, 20);
  int attached = 0;
  for (const FakeSink& sink : sinks) {
    attached += sink.attachments;
  }
  EXPECT_EQ(attached, 18);
}
END_TEST

START_TEST(the_hub_may_go_first) {
  FakeSink sink;
  std::unique_ptr<Subscriber> a;
  std::unique_ptr<Subscriber> b;
  {
    World world;
    a = world.join_live(sink);
    b = world.join(sink, after(7));
    world.settle();
  }
  EXPECT(a->state() == Subscriber::State::kClosed);
  EXPECT(b->state() == Subscriber::State::kClosed);
}
END_TEST

START_TEST(what_renders_to_nothing_is_not_sent) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  Entry nothing{{1, 0}, {}};
  world.add(1);
  world.hub.on_bell(kName, {}, {1, 0}, &nothing);
  world.settle();
  EXPECT_EQ(sink.deliveries, 0);
  world.publish(2);
  world.settle();
  EXPECT_EQ(sink.text, "2 ");
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("hub: joining", begins_only_when_the_subscription_stands,
           bells_before_the_position_is_known_leave_no_hole, resumes_from_the_ring,
           resumes_from_the_stream_page_by_page, what_rings_while_it_replays_comes_after_it,
           a_crowd_that_resumes_reads_once, a_leader_who_leaves_strands_nobody,
           who_joins_an_idle_channel_is_not_given_what_came_before, a_channel_lingers_and_goes,
           idle_channels_are_bounded, reads_in_flight_are_bounded, the_hub_may_go_first,
           what_renders_to_nothing_is_not_sent)
