#include "shared/redis/schema.hpp"

#include <random>

#include "shared/redis/schema_catalog.hpp"
#include "shared/redis/schema_queues.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::redis;

namespace {

START_TEST(side_keys_stay_in_the_slot) {
  struct Row {
    const char* stream;
    const char* bell;
    bool shares;
  };
  const Row rows[] = {
      {"orders", "notify:{orders}:bell", true},
      {"user:42:events", "notify:{user:42:events}:bell", true},
      {"user:{42}:events", "notify:{42}:user:{42}:events:bell", true},
      {"{a}{b}", "notify:{a}:{a}{b}:bell", true},
      {"a{b", "notify:{a{b}:bell", true},
      {"x{{y}z", "notify:{{y}:x{{y}z:bell", true},
      {"a{}b{c}", "notify:{a{}b{c}}:bell", false},  // an empty tag is none
      {"a}b", "notify:{a}b}:bell", false},
      {"}", "notify:{}}:bell", false},
      {"a}{b}", "notify:{b}:a}{b}:bell", true},
      {"", "notify:{}:bell", false},
      {"with blank", "notify:{with blank}:bell", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.stream, side_key(row.stream, "bell"), row.bell);
    EXPECT_EQ_ROW(row.stream, shares_slot(row.stream), row.shares);
  }
  EXPECT_EQ(bell_channel("s", 0), "notify:{s}:bell");
  EXPECT_EQ(bell_channel("s", 3), "notify:{s}:bell@3");
  EXPECT_EQ(idempotency_key("s", "abc"),
            "notify:{s}:idem:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(own_keys_are_beside_no_stream) {
  for (const std::string_view suffix :
       {"latest", "requests", "due", "dead", "notices", "idem:0a", "due:g", "mark:g", "mark:a:b",
        "consumers:~0a", "finished:~0a", "finished-before:~0a", "lease:worker-1"}) {
    EXPECT_ROW(suffix, is_side_suffix(suffix));
  }
  // What follows a tag of the product's own, however the stream is named that is to be removed.
  const std::string own[] = {std::string(kCatalogClients),
                             std::string(kCatalogAcks),
                             std::string(kCatalogWithdrawn),
                             sweep_lease("local"),
                             provider_stream("c0000000-0000-4000-8000-000000000001"),
                             inflight_key({1, 2}),
                             std::string(kQueuesKey),
                             std::string(kKeeperKey),
                             std::string(kReadinessKey)};
  for (const std::string_view key : own) {
    for (std::size_t colon = key.find(':'); colon != std::string_view::npos;
         colon = key.find(':', colon + 1)) {
      EXPECT_ROW(key, !is_side_suffix(key.substr(colon + 1)));
    }
  }
  for (const std::string_view suffix : {"", "bell", "idem:", "dead:x", "lease:", "s{t}:dead"}) {
    EXPECT_ROW(suffix, !is_side_suffix(suffix));
  }
}
END_TEST

START_TEST(reads_a_bell) {
  const std::string payload = std::string("1 5-1 5-2 2\n1:a3:x\0y", 20) + "0:0:";
  const auto bell = parse_bell(payload);
  EXPECT(bell.has_value());
  EXPECT(bell->prev == (EntryId{5, 1}));
  EXPECT(bell->id == (EntryId{5, 2}));
  EXPECT(bell->entry.has_value());
  EXPECT(bell->entry->id == bell->id);
  EXPECT_EQ(bell->entry->fields.size(), 2U);
  EXPECT_EQ(bell->entry->fields[0].first, "a");
  EXPECT_EQ(bell->entry->fields[0].second, std::string_view("x\0y", 3));
  EXPECT_EQ(bell->entry->fields[1].first, "");

  const auto ids = parse_bell("1 0-0 18446744073709551615-18446744073709551615 -\n");
  EXPECT(ids && !ids->entry && ids->prev.is_zero());

  EXPECT(parse_bell_id(payload) == (EntryId{5, 2}));
  for (const std::string_view row :
       {"", "1", "1 5-1", "1 5-1 5-2", "2 5-1 5-2 -\n", "1 5-1 x -\n"}) {
    EXPECT_ROW(row, !parse_bell_id(row));
  }

  // Each part of it, and each with something behind, is no bell.
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_ROW(size, !parse_bell(std::string_view(payload).substr(0, size)));
  }
  EXPECT(!parse_bell(payload + "x"));
}
END_TEST

START_TEST(refuses_what_is_no_bell) {
  const std::string_view rows[] = {
      "",
      "1",
      "1 ",
      "2 0-0 1-1 -\n",
      "1 0-0 1-1 -",
      "1 0-0 1-1 -\n ",
      "1 0-0 1-1  -\n",
      "1 0-0 1-1 \n",
      "1 0-0 1-1 1\n",
      "1 0-0 1-1 1\n1:a",
      "1 0-0 1-1 1\n1:a1:",
      "1 1-1 1-1 -\n",
      "1 2-0 1-1 -\n",
      "1 -1-0 1-1 -\n",
      "1 0-0 1 -\n",
      "1 0-0 1-1 +1\n1:a1:b",
      "1 0-0 1-1 -1\n1:a1:b",
      "1 0-0 1-1 01\n1:a1:b",
      "1 0-0 1-1 1\n01:a1:b",
      "1 0-0 1-1 1\n-1:a1:b",
      "1 0-0 1-1 1\n 1:a1:b",
      "1 0-0 1-1 18446744073709551615\n1:a1:b",
      "1 0-0 1-1 99999999999999999999\n1:a1:b",
      "1 0-0 1-1 1\n18446744073709551615:a1:b",
      "1 0-0 1-1 1\n1:a18446744073709551615:b",
      "1 0-0 1-1 2\n1:a1:b",
      "1 0-0 1-1 0\n1:a1:b",
      "1 0-0 1-1 1\n1:a1:bc",
      "1 0-0 1-1 0x1\n1:a1:b",
      "1 0-0 1-1 1\r\n1:a1:b",
      "1  0-0 1-1 -\n",
      std::string_view("1 0-0 1-1 -\n\0", 13),
      std::string_view("\0"
                       "1 0-0 1-1 -\n",
                       13),
  };
  for (const std::string_view row : rows) {
    EXPECT_ROW(row, !parse_bell(row));
  }
  EXPECT(parse_bell("1 0-0 1-1 0\n"));  // no field at all: Redis would not have it, but it reads
}
END_TEST

// Whatever bytes come: no crash, and what is read stays within them.
START_TEST(hostile_bells) {
  std::mt19937 random(7);
  const std::string good = "1 1700000000000-0 1700000000001-3 2\n7:message5:hello4:type3:abc";
  std::size_t read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string payload = good;
    for (unsigned change = 0; change <= random() % 3; ++change) {
      const std::size_t place = random() % payload.size();
      switch (random() % 3) {
        case 0:
          payload[place] = static_cast<char>(random());
          break;
        case 1:
          payload.erase(place, 1 + random() % 4);
          break;
        default:
          payload.insert(place, 1, "0123456789:-\n "[random() % 14]);
          break;
      }
      if (payload.empty()) {
        break;
      }
    }
    if (const auto bell = parse_bell(payload)) {
      ++read;
      EXPECT(!bell->entry || bell->entry->size_bytes() <= payload.size());
    }
  }
  EXPECT(read > 0);
}
END_TEST

START_TEST(scripts_are_embedded) {
  for (const Script* script : {&scripts::publish, &scripts::read, &scripts::status, &scripts::clear,
                               &scripts::settle_done}) {
    EXPECT_ROW(script->name, script->source.starts_with("-- "));
    EXPECT_ROW(script->name, script->source.ends_with("\n"));
    EXPECT_EQ_ROW(script->name, script->sha1.size(), 40U);
  }
  EXPECT_EQ(scripts::settle_done.name, "settle-done");
}
END_TEST

}  // namespace

CHECK_MAIN("schema", side_keys_stay_in_the_slot, own_keys_are_beside_no_stream, reads_a_bell,
           refuses_what_is_no_bell, hostile_bells, scripts_are_embedded)
