// The hub, case by case: what no bell has brought.

#include <map>

#include "tests/check_main.hpp"
#include "tests/hub_world.hpp"

namespace notify::test {
namespace {

// ---------------------------------------------------------------------------------

START_TEST(reads_what_no_bell_brought) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(1);
  world.add(2);      // native
  world.publish(3);  // its prev is 2
  world.publish(4);  // early
  world.settle();
  EXPECT_EQ(sink.text, "1 ");
  EXPECT_EQ(world.source.reads.size(), 1U);
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 3 4 ");
  world.publish(5, false);  // too large for a bell
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 3 4 5 ");
  // A bell of what was read meanwhile.
  Entry again = entry_at(5);
  world.hub.on_bell(kName, {4, 0}, {5, 0}, &again);
  world.settle();
  EXPECT(world.source.reads.empty());
  EXPECT_EQ(sink.text, "1 2 3 4 5 ");
}
END_TEST

START_TEST(early_bells_are_merged_behind_the_read) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.add(1);
  world.publish(2);
  const FakeSource::Read read = world.source.reads.front();
  const Page page = world.page(read.after, read.count);
  world.source.reads.pop_front();
  for (std::uint64_t ms = 3; ms <= 6; ++ms) {
    world.publish(ms);
  }
  world.hub.on_page(read.ticket, page);
  world.settle();
  EXPECT(world.source.reads.empty());
  EXPECT_EQ(sink.text, "1 2 3 4 5 6 ");
}
END_TEST

START_TEST(too_many_early_bells_are_read) {
  Limits limits;
  limits.early_entries = 3;
  World world(limits);
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.add(1);
  world.publish(2);
  const FakeSource::Read read = world.source.reads.front();
  const Page page = world.page(read.after, read.count);
  world.source.reads.pop_front();
  for (std::uint64_t ms = 3; ms <= 9; ++ms) {
    world.publish(ms);
  }
  world.hub.on_page(read.ticket, page);
  world.settle();
  EXPECT_EQ(world.source.reads.size(), 1U);
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 3 4 5 6 7 8 9 ");
}
END_TEST

START_TEST(checks_each_channel_once_a_second) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(1);
  world.settle();
  for (int i = 0; i < 8; ++i) {
    world.tick();
  }
  EXPECT_EQ(world.source.checks.size(), 2U);
  EXPECT_EQ(world.source.checks[0][0].after.ms, 1U);
  world.add(2);
  world.hub.on_behind({{world.source.checks[0][0].ticket}});
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 ");
}
END_TEST

START_TEST(checks_are_spread_and_come_in_batches) {
  Limits limits;
  limits.check_batch = 10;
  World world(limits);
  std::vector<FakeSink> sinks(100);
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    const std::string name = "s" + std::to_string(i);
    subscribers.push_back(world.hub.join(name, world.format, sinks[i], {}));
    world.hub.on_subscribed(name);
  }
  world.answer_all();
  world.settle();
  world.tick();
  EXPECT_EQ(world.source.checks.size(), 3U);  // 25 of them
  std::map<Ticket, int> seen;
  for (int i = 0; i < 3; ++i) {
    world.tick();
  }
  for (const auto& batch : world.source.checks) {
    EXPECT(batch.size() <= 10);
    for (const Position& position : batch) {
      ++seen[position.ticket];
    }
  }
  EXPECT_EQ(seen.size(), 100U);
}
END_TEST

START_TEST(a_failed_read_is_tried_again) {
  World world;
  FakeSink sink;
  world.add(1);
  world.add(2);
  auto subscriber = world.join(sink, after(1));
  world.hub.on_subscribed(kName);
  world.refuse();  // the position
  EXPECT(world.source.reads.empty());
  world.tick();
  EXPECT_EQ(world.source.reads.size(), 1U);
  world.answer();
  EXPECT_EQ(world.source.reads.size(), 1U);
  world.refuse();  // the replay
  EXPECT(world.source.reads.empty());
  world.tick();
  world.answer_all();
  EXPECT_EQ(sink.attachments, 1);
  EXPECT_EQ(sink.text, "2 ");
}
END_TEST

START_TEST(a_crowd_whose_reads_fail_does_not_spin) {
  World world;
  for (std::uint64_t ms = 1; ms <= 20; ++ms) {
    world.add(ms);
  }
  std::vector<FakeSink> sinks(20);
  std::vector<std::unique_ptr<Subscriber>> crowd;
  for (FakeSink& sink : sinks) {
    crowd.push_back(world.join(sink, after(5)));
  }
  world.hub.on_subscribed(kName);
  world.answer();
  for (int i = 0; i < 100 && !world.source.reads.empty(); ++i) {
    world.refuse();
  }
  EXPECT(world.source.reads.empty());
  world.tick();
  world.answer_all();
  for (const FakeSink& sink : sinks) {
    EXPECT_EQ(sink.text.substr(0, 4), "6 7 ");
  }
}
END_TEST

START_TEST(a_lost_link_is_caught_up_once_per_channel) {
  World world;
  std::vector<FakeSink> sinks(10);
  std::vector<std::unique_ptr<Subscriber>> crowd;
  for (FakeSink& sink : sinks) {
    crowd.push_back(world.join_live(sink));
  }
  world.publish(1);
  world.settle();
  world.hub.on_upstream_lost();
  world.add(2);
  world.add(3);
  world.tick(3000);
  EXPECT(world.source.reads.empty());
  world.hub.on_subscribed(kName);
  EXPECT_EQ(world.answer_all(), 1);
  world.publish(4);
  world.settle();
  for (const FakeSink& sink : sinks) {
    EXPECT_EQ(sink.text, "1 2 3 4 ");
    EXPECT_EQ(sink.attachments, 1);
  }
}
END_TEST

START_TEST(a_suspicion_is_verified_at_most_once_a_second) {
  Limits limits;
  limits.ring_entries = 1;
  World world(limits);
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  for (std::uint64_t ms = 1; ms <= 5; ++ms) {
    world.publish(ms);
    world.settle();
  }
  world.tick(2000);
  for (int i = 0; i < 10; ++i) {  // late ones that the ring has forgotten
    Entry late = entry_at(2);
    world.hub.on_bell(kName, {1, 0}, {2, 0}, &late);
    world.answer_all();
  }
  EXPECT_EQ(world.hub.figures().catch_ups, 1U);
  EXPECT_EQ(sink.text, "1 2 3 4 5 ");
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("hub: catching up", reads_what_no_bell_brought, early_bells_are_merged_behind_the_read,
           too_many_early_bells_are_read, checks_each_channel_once_a_second,
           checks_are_spread_and_come_in_batches, a_failed_read_is_tried_again,
           a_crowd_whose_reads_fail_does_not_spin, a_lost_link_is_caught_up_once_per_channel,
           a_suspicion_is_verified_at_most_once_a_second)
