#include "shared/redis/out_queue.hpp"

#include <array>
#include <random>
#include <vector>

#include "tests/check_main.hpp"

using namespace notify::redis;

namespace {

// What is first, as one text.
std::string first(const OutQueue& queue, std::size_t parts = 64) {
  std::vector<iovec> views(parts);
  std::string text;
  for (std::size_t i = 0, count = queue.first(views); i < count; ++i) {
    text.append(static_cast<const char*>(views[i].iov_base), views[i].iov_len);
  }
  return text;
}

START_TEST(what_goes_in_comes_out_in_order) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    OutQueue queue;
    std::string all;
    std::size_t gone = 0;
    for (int step = 0; step < 60; ++step) {
      const auto owner = std::make_shared<const std::string>(
          random() % (step % 3 == 0 ? 3 * OutQueue::kLend : 200),
          static_cast<char>('a' + step % 26));
      if (random() % 2 == 0) {
        queue.lend(*owner, owner);
      } else {
        queue.append(*owner);
      }
      all += *owner;
      const std::string front = first(queue, 1 + random() % 4);
      EXPECT(std::string_view(all).substr(gone).starts_with(front));
      const std::size_t count = front.empty() ? 0 : random() % (front.size() + 1);
      queue.consume(count);
      gone += count;
      EXPECT_EQ(queue.size(), all.size() - gone);
    }
    EXPECT(first(queue, 1000) == all.substr(gone));
  }
}
END_TEST

START_TEST(a_large_text_is_kept_until_it_has_left) {
  auto owner = std::make_shared<const std::string>(OutQueue::kLend, 'x');
  const std::weak_ptr<const std::string> alive = owner;
  OutQueue queue;
  queue.append("head");
  queue.lend(*owner, owner);
  queue.lend("small", owner);  // copied
  owner.reset();
  EXPECT(!alive.expired());
  queue.consume(4 + OutQueue::kLend - 1);
  EXPECT(!alive.expired());
  queue.consume(1);
  EXPECT(alive.expired());
  EXPECT_EQ(first(queue), "small");
  queue.consume(5);
  EXPECT(queue.empty());
  queue.append("again");
  EXPECT_EQ(first(queue), "again");
}
END_TEST

START_TEST(without_an_owner_it_is_copied) {
  OutQueue queue;
  std::string text(3 * OutQueue::kPiece, 'x');
  queue.lend(text, nullptr);
  text.assign(text.size(), 'y');
  EXPECT(first(queue) == std::string(text.size(), 'x'));
}
END_TEST

}  // namespace

CHECK_MAIN("out_queue", what_goes_in_comes_out_in_order, a_large_text_is_kept_until_it_has_left,
           without_an_owner_it_is_copied)
