#include <map>
#include <memory>
#include <random>
#include <vector>

#include "ngx_notify_module/base/wheel.hpp"
#include "tests/check_main.hpp"

namespace notify::test {
namespace {

struct Beat final : Wheel::Member {
  std::vector<std::uint64_t> fired;
  Wheel* again = nullptr;  // with this period
  std::uint64_t period = 0;
  std::unique_ptr<Beat>* destroys = nullptr;

  void on_due(std::uint64_t now_ms) override {
    fired.push_back(now_ms);
    if (destroys != nullptr) {
      destroys->reset();  // perhaps itself
    } else if (again != nullptr) {
      again->set(*this, due_ms() + period);
    }
  }
};

void run(Wheel& wheel, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t now = from; now <= to; now += Wheel::kTickMs) {
    while (!wheel.turn(now, 1000)) {
    }
  }
}

START_TEST(fires_at_the_first_tick_that_is_due) {
  struct Row {
    const char* name;
    std::uint64_t due;
    std::uint64_t fires;
  };
  for (const Row& row : {Row{"on the tick", 10'500, 10'500}, Row{"between", 10'501, 10'750},
                         Row{"long past", 1, 10'250}, Row{"now", 10'000, 10'250},
                         Row{"beyond the wheel", 110'100, 110'250}}) {
    Wheel wheel;
    run(wheel, 250, 10'000);
    Beat beat;
    wheel.set(beat, row.due);
    run(wheel, 10'250, 200'000);
    EXPECT_EQ_ROW(row.name, beat.fired.size(), 1U);
    EXPECT_EQ_ROW(row.name, beat.fired[0], row.fires);
  }
}
END_TEST

START_TEST(keeps_its_time) {
  Wheel wheel;
  run(wheel, 250, 1'000'000);
  Beat beat;
  beat.again = &wheel;
  beat.period = 20'000;
  wheel.set(beat, 1'000'123 + beat.period);
  run(wheel, 1'000'250, 1'400'250);
  EXPECT_EQ(beat.fired.size(), 20U);
  for (std::size_t i = 0; i < beat.fired.size(); ++i) {
    const std::uint64_t due = 1'000'123 + (i + 1) * beat.period;
    EXPECT(beat.fired[i] >= due && beat.fired[i] < due + Wheel::kTickMs);
  }
}
END_TEST

START_TEST(setting_again_replaces) {
  Wheel wheel;
  Beat beat;
  wheel.set(beat, 1000);
  wheel.set(beat, 5000);
  run(wheel, 250, 10'000);
  EXPECT_EQ(beat.fired.size(), 1U);
  EXPECT_EQ(beat.fired[0], 5000U);
}
END_TEST

START_TEST(a_long_sleep_loses_nobody) {
  Wheel wheel;
  run(wheel, 250, 1000);
  std::vector<Beat> beats(300);
  for (std::size_t i = 0; i < beats.size(); ++i) {
    wheel.set(beats[i], 1000 + i * 500);
  }
  run(wheel, 10'000'000, 10'000'000);
  for (const Beat& beat : beats) {
    EXPECT_EQ(beat.fired.size(), 1U);
  }
}
END_TEST

START_TEST(a_turn_has_a_budget) {
  Wheel wheel;
  std::vector<Beat> beats(10);
  for (Beat& beat : beats) {
    wheel.set(beat, 1000);
  }
  EXPECT(!wheel.turn(1000, 4));
  EXPECT(!wheel.turn(1000, 4));
  EXPECT(wheel.turn(1250, 4));
}
END_TEST

START_TEST(members_may_go_at_any_time) {
  for (std::size_t actor = 0; actor < 5; ++actor) {
    for (std::size_t victim = 0; victim < 5; ++victim) {
      Wheel wheel;
      std::vector<std::unique_ptr<Beat>> beats;
      for (int i = 0; i < 5; ++i) {
        beats.push_back(std::make_unique<Beat>());
        wheel.set(*beats.back(), 1000);
      }
      beats[actor]->destroys = &beats[victim];
      run(wheel, 250, 2000);
      for (std::size_t i = 0; i < beats.size(); ++i) {
        if (i != victim) {
          EXPECT_EQ(beats[i]->fired.size(), 1U);
        }
      }
    }
  }
  auto wheel = std::make_unique<Wheel>();
  Beat left;
  wheel->set(left, 1000);
  wheel.reset();
  EXPECT(!left.linked());
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("wheel", fires_at_the_first_tick_that_is_due, keeps_its_time, setting_again_replaces,
           a_long_sleep_loses_nobody, a_turn_has_a_budget, members_may_go_at_any_time)
