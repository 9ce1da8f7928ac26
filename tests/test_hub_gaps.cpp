// The hub, case by case: what is lost, and is told so.

#include "tests/check_main.hpp"
#include "tests/hub_world.hpp"

namespace notify::test {
namespace {

// ----------------------------------------------------------------------------------------

START_TEST(tells_what_is_lost) {
  struct Row {
    const char* name;
    std::uint64_t entries;
    std::size_t kept;
    Start start;
    const char* text;
    Resume resume;
    const char* next = "20 ";  // when an entry is published afterwards
  };
  const Start unknown{Start::From::kUnknown, {}};
  const std::vector<Row> rows{
      {"nothing lost", 5, 5, after(2), "3 4 5 ", Resume::kReplayed},
      {"at the top", 5, 5, after(5), "", Resume::kRing},
      {"trimmed", 9, 3, after(2), "gap(trimmed,2) 7 8 9 ", Resume::kGap},
      {"trimmed to nothing", 9, 0, after(2), "gap(trimmed,2) ", Resume::kGap, "gap(trimmed,9) 20 "},
      {"emptied, at the top", 9, 0, after(9), "", Resume::kRing, "gap(trimmed,9) 20 "},
      {"right before the first", 9, 3, after(7), "8 9 ", Resume::kReplayed},
      {"from the beginning", 3, 3, after(0), "1 2 3 ", Resume::kReplayed},
      {"from the beginning, trimmed", 3, 2, after(0), "gap(trimmed,0) 2 3 ", Resume::kGap},
      {"ahead", 5, 5, after(9), "gap(ahead,9) ", Resume::kGap},
      {"no stream", 0, 0, after(9), "gap(ahead,9) ", Resume::kGap},
      {"no stream, from the beginning", 0, 0, after(0), "", Resume::kRing},
      {"unknown", 5, 5, unknown, "gap(unknown,0) ", Resume::kGap},
  };
  for (const Row& row : rows) {
    World world;
    FakeSink sink;
    for (std::uint64_t ms = 1; ms <= row.entries; ++ms) {
      world.add(ms);
    }
    world.trim(row.kept);
    auto subscriber = world.join_live(sink, row.start);
    EXPECT_EQ_ROW(row.name, sink.text, row.text);
    EXPECT_ROW(row.name, subscriber->resume() == row.resume);
    world.publish(20);
    world.settle();
    world.answer_all();
    EXPECT_EQ_ROW(row.name, sink.text, row.text + std::string(row.next));
  }
}
END_TEST

START_TEST(ahead_of_this_worker_is_not_ahead_of_the_stream) {
  World world;
  FakeSink one;
  FakeSink two;
  auto a = world.join_live(one);
  world.publish(1);
  world.settle();
  world.add(2);  // its bell is late
  world.add(3);
  auto b = world.join(two, after(2));
  world.settle();
  world.answer_all();
  EXPECT_EQ(two.text, "3 ");
  Entry late = entry_at(2);
  world.hub.on_bell(kName, {1, 0}, {2, 0}, &late);
  late = entry_at(3);
  world.hub.on_bell(kName, {2, 0}, {3, 0}, &late);
  world.publish(4);
  world.settle();
  EXPECT_EQ(one.text, "1 2 3 4 ");
  EXPECT_EQ(two.text, "3 4 ");
}
END_TEST

START_TEST(a_deleted_stream_is_told_to_those_who_listen) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(5);
  world.publish(6);
  world.settle();
  world.stored.clear();
  world.added = 0;
  world.last = 0;
  world.tick(5000);
  world.publish(2);  // ids began anew
  world.settle();
  EXPECT_EQ(sink.text, "5 6 ");
  world.answer_all();
  EXPECT_EQ(sink.text, "5 6 gap(ahead,6) 2 ");
  world.publish(3);
  world.settle();
  EXPECT_EQ(sink.text, "5 6 gap(ahead,6) 2 3 ");
  // One who knows the old stream's ids joins, and one who knows the new one's.
  FakeSink old;
  FakeSink young;
  auto a = world.join(old, after(6));
  auto b = world.join(young, after(2));
  world.settle();
  world.answer_all();
  EXPECT_EQ(old.text, "gap(ahead,6) ");
  EXPECT_EQ(young.text, "3 ");
}
END_TEST

START_TEST(a_deleted_stream_is_noticed_without_a_bell) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(5);
  world.settle();
  world.stored.clear();
  world.added = 0;
  world.last = 0;
  for (int i = 0; i < 4 * 61; ++i) {
    world.tick();
    world.answer_all();
  }
  EXPECT_EQ(sink.text, "5 gap(ahead,5) ");
  world.publish(1);
  world.settle();
  EXPECT_EQ(sink.text, "5 gap(ahead,5) 1 ");
}
END_TEST

// With few channels the full check is not far away.
START_TEST(a_deleted_stream_is_noticed_soon) {
  World world({}, 32);
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(5);
  world.settle();
  world.stored.clear();
  world.added = 0;
  world.last = 0;
  for (int i = 0; i < 12; ++i) {
    world.tick();
    world.answer_all();
  }
  EXPECT_EQ(sink.text, "5 gap(ahead,5) ");
  world.add(2);  // natively
  for (int i = 0; i < 12; ++i) {
    world.tick();
    world.answer_all();
  }
  EXPECT_EQ(sink.text, "5 gap(ahead,5) 2 ");
}
END_TEST

START_TEST(who_fell_off_before_a_new_beginning_is_told) {
  Limits limits;
  limits.ring_entries = 2;
  World world(limits);
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  sink.flow = Flow::kBlocked;
  world.publish(5);
  world.settle();
  EXPECT_EQ(sink.text, "5 ");
  world.publish(6);
  world.stored.clear();
  world.added = 0;
  world.tick(5000);
  for (std::uint64_t ms = 1; ms <= 9; ++ms) {  // passes 6 again
    world.publish(ms);
    world.answer_all();
  }
  world.settle();
  sink.flow = Flow::kOpen;
  world.hub.drained(*subscriber);
  world.answer_all();
  EXPECT_EQ(sink.text, "5 gap(ahead,5) 1 2 3 4 5 6 7 8 9 ");
}
END_TEST

START_TEST(a_cleared_stream_goes_on) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(1);
  world.publish(2);
  world.settle();
  world.trim(0);
  world.tick(61'000);
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 ");
  world.publish(3);  // rings with prev 0-0; what came between the two cannot be known
  world.answer_all();
  EXPECT_EQ(sink.text, "1 2 gap(trimmed,2) 3 ");
  world.publish(4);
  world.settle();
  EXPECT_EQ(sink.text, "1 2 gap(trimmed,2) 3 4 ");
}
END_TEST

START_TEST(what_was_deleted_unseen_is_a_gap) {
  World world;
  FakeSink sink;
  auto subscriber = world.join_live(sink);
  world.publish(1);
  world.add(2);
  world.add(3);
  world.stored.erase(world.stored.begin() + 1);  // XDEL 2
  world.publish(4);
  world.answer_all();
  EXPECT_EQ(sink.text, "1 gap(trimmed,1) 3 4 ");
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("hub: gaps", tells_what_is_lost, ahead_of_this_worker_is_not_ahead_of_the_stream,
           a_deleted_stream_is_told_to_those_who_listen, a_deleted_stream_is_noticed_without_a_bell,
           a_deleted_stream_is_noticed_soon, who_fell_off_before_a_new_beginning_is_told,
           a_cleared_stream_goes_on, what_was_deleted_unseen_is_a_gap)
