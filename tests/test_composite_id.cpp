#include "ngx_notify_module/wire/composite_id.hpp"

#include <random>

#include "ngx_notify_module/wire/last_event_id.hpp"
#include "tests/check_main.hpp"

namespace notify::test {
namespace {

std::vector<StreamPosition> parts(std::size_t count) {
  std::vector<StreamPosition> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({stream_tag("s" + std::to_string(i)), EntryId{1'795'254'193'632 + i, i * i}});
  }
  return all;
}

START_TEST(what_we_print_comes_back) {
  for (std::size_t count = 0; count <= kMaxStreams; ++count) {
    std::vector<StreamPosition> all = parts(count);
    if (count > 0) {
      all[count / 2].position.reset();
    }
    const auto back = parse_composite_id(format_composite_id(all));
    EXPECT(back.has_value());
    EXPECT_EQ(back->size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ((*back)[i].tag, all[i].tag);
      EXPECT((*back)[i].position == all[i].position);
    }
  }
  EXPECT(!parse_composite_id(format_composite_id(parts(kMaxStreams + 1))));
  EXPECT_EQ(format_composite_id({{stream_tag("user:u"), EntryId{}}}).substr(9),
            ".bfa8ee162568:0-00000000");
}
END_TEST

START_TEST(what_was_changed_is_refused) {
  const std::string id = format_composite_id(parts(3));
  for (std::size_t length = 0; length < id.size(); ++length) {
    EXPECT_ROW(std::to_string(length), !parse_composite_id(id.substr(0, length)));
  }
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = id;
    changed[random() % changed.size()] = static_cast<char>(random());
    EXPECT(changed == id || !parse_composite_id(changed));
  }
  std::vector<StreamPosition> twice = parts(2);
  twice.push_back(twice[0]);
  EXPECT(!parse_composite_id(format_composite_id(twice)));
  EXPECT(!parse_composite_id(id + id));
}
END_TEST

START_TEST(it_is_one_of_the_ids_of_a_client) {
  const std::string id = format_composite_id(parts(2));
  const std::string_view header = id;
  const LastEventId last = parse_last_event_id(std::span(&header, 1), "");
  EXPECT(last.kind == LastEventId::Kind::kSeveral);
  EXPECT_EQ(last.places.size(), 2U);
  const std::string_view broken = "c";
  EXPECT(parse_last_event_id(std::span(&broken, 1), "").kind == LastEventId::Kind::kUnknown);
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("composite id", what_we_print_comes_back, what_was_changed_is_refused,
           it_is_one_of_the_ids_of_a_client)
