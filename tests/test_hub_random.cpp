// The hub's promise under random events: each subscriber sees each entry once, in order, or a gap;
// and when all is quiet again it has seen everything that is left.
//
// Two streams live in a pretended Redis. What a subscriber gets is checked entry by entry against
// the order in which they were added. NOTIFY_SEEDS=N runs N seeds, NOTIFY_SEED=S one of them;
// NOTIFY_TRACE=1 tells what happens.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/check_main.hpp"
#include "tests/hub_fakes.hpp"

namespace notify::test {
namespace {

using Random = std::mt19937_64;

struct Settings {
  bool lossless = false;  // nothing is ever removed: then a gap would be a false alarm
  int steps = 3000;
};

struct Item {
  EntryId id;
  bool there = true;
};

struct Stream {
  std::string name;
  std::vector<Item> items;  // ever added, over all lives of the key; what is checked are indices
  std::size_t life = 0;     // index of the first one of this life
  std::uint64_t added = 0;
  EntryId last;
  std::uint64_t region = 1'000'000'000;  // each new beginning of ids is below all former ones

  void add(Random& random) {
    last = !last.is_zero() && random() % 3 == 0
               ? EntryId{last.ms, last.seq + 1}
               : EntryId{std::max(last.ms, region) + 1 + random() % 5, 0};
    items.push_back({last});
    ++added;
  }
  void trim(std::size_t count) {
    for (std::size_t i = life; i < items.size() && count > 0; ++i) {
      if (items[i].there) {
        items[i].there = false;
        --count;
      }
    }
  }
  // DEL, and a first entry at once (what lives and dies unseen cannot be missed).
  void recreate(Random& random) {
    trim(items.size());
    life = items.size();
    added = 0;
    if (random() % 2 == 0) {
      region -= 1'000'000;
      last = {};
    }
    add(random);
  }
  [[nodiscard]] EntryId prev() const {
    for (std::size_t i = items.size(); i > life; --i) {
      if (items[i - 1].there) {
        return items[i - 1].id;
      }
    }
    return {};
  }
  [[nodiscard]] Entry entry(std::size_t index) const {
    return {items[index].id, {{"i", "E" + std::to_string(index)}}};
  }
  [[nodiscard]] Page page(EntryId after, unsigned count) const {
    Page page;
    page.exists = true;
    page.added = static_cast<std::int64_t>(added);
    page.last_generated = last;
    for (std::size_t i = life; i < items.size(); ++i) {
      if (!items[i].there) {
        continue;
      }
      page.first = page.length++ == 0 ? items[i].id : page.first;
      if (items[i].id > after && count > 0) {
        if (page.entries.size() < count) {
          page.entries.push_back(entry(i));
        } else {
          page.more = true;
        }
      }
    }
    return page;
  }
};

class Run;

// Checks what one client gets.
struct Client final : Sink {
  explicit Client(Run& a_run, Stream& a_stream) : run(a_run), stream(a_stream) {}

  Flow attached() override;
  Flow deliver(std::span<const BytesRef> pieces) override;
  void see(const std::string& token);

  Run& run;
  Stream& stream;
  std::unique_ptr<Subscriber> subscriber;
  bool is_new = false;  // begins when it is attached
  bool is_attached = false;
  bool blocked = false;
  bool gap = false;          // told since the last entry
  std::size_t expected = 0;  // index of the next entry
  std::size_t skipped = 0;   // what an `ahead` gap passed over lies below
  bool any = false;
  std::string history;
};

class Run {
 public:
  Run(std::uint64_t a_seed, Settings a_settings)
      : seed(a_seed), settings(a_settings), random(a_seed) {
    Limits limits;
    limits.ring_entries = 8;
    limits.ring_bytes = 2000;
    limits.page_entries = 4;
    limits.batch_bytes = 64;
    limits.piece_bytes = 24;
    limits.turn_subscribers = 3;
    limits.early_entries = 3;
    limits.max_reads = 3;
    limits.check_batch = 1;
    limits.linger_ms = 2000;
    limits.ring_ms = 20'000;
    limits.verify_ms = 10'000;
    hub = std::make_unique<Hub>(source, waker, limits);
    for (int i = 0; i < 2; ++i) {
      streams[i].name = "stream" + std::to_string(i);
      streams[i].add(random);
    }
    source.run = this;
    hub->tick(now);
  }

  void all() {
    for (step = 0; step < settings.steps; ++step) {
      one();
    }
    quiet();
  }

  bool chance(int percent) { return static_cast<int>(random() % 100) < percent; }
  std::size_t any_of(std::size_t count) { return random() % count; }
  void trace(const Client* client, const std::string& what) {
    if (std::getenv("NOTIFY_TRACE") != nullptr) {
      std::fprintf(stderr, "%d %p %s\n", step, static_cast<const void*>(client), what.c_str());
    }
  }
  void fail(const Client& client, const std::string& what) {
    trace(&client, what);
    ck_abort_msg(
        "seed %llu step %d: %s; got: …%s", static_cast<unsigned long long>(seed), step,
        what.c_str(),
        client.history.substr(client.history.size() > 600 ? client.history.size() - 600 : 0)
            .c_str());
  }

  // --- the pretended Redis ---
  struct Upstream final : Source {
    struct Answer {
      Ticket ticket = 0;
      bool is_check = false;
      bool executed = false;
      std::string stream;
      EntryId after;
      unsigned count = 0;
      Page page;
      std::vector<Ticket> behind;
    };
    Run* run = nullptr;
    std::set<std::string, std::less<>> wanted;
    std::deque<Answer> answers;
    unsigned reads = 0;

    void subscribe(std::string_view stream) override {
      wanted.emplace(stream);
      if (run->link_up) {
        run->messages.push_back({std::string(stream), true, {}, {}, {}, false});
        run->heard.emplace(stream);
      }
    }
    void unsubscribe(std::string_view stream) override {
      wanted.erase(std::string(stream));
      run->heard.erase(std::string(stream));
    }
    void read_latest(Ticket, std::string_view, unsigned, std::uint64_t) override {
      ck_abort_msg("nobody asked for the latest");
    }
    void read(Ticket ticket, std::string_view stream, EntryId after, unsigned count) override {
      ck_assert_msg(++reads <= 3, "too many reads");
      answers.push_back({ticket, false, false, std::string(stream), after, count, {}, {}});
    }
    void check(std::span<const Position> positions) override {
      Answer answer;
      answer.is_check = answer.executed = true;
      for (const Position& position : positions) {
        if (!run->find(position.stream).page(position.after, 1).entries.empty()) {
          answer.behind.push_back(position.ticket);
        }
      }
      answers.push_back(answer);
    }
  };
  struct Message {
    std::string stream;
    bool confirms = false;
    EntryId prev;
    EntryId id;
    Entry entry;
    bool body = false;
  };

  Stream& find(std::string_view name) { return streams[name == streams[0].name ? 0 : 1]; }

  void publish(Stream& stream, int rung_percent) {
    const EntryId prev = stream.prev();
    stream.add(random);
    if (link_up && heard.contains(stream.name) && chance(rung_percent)) {
      messages.push_back({stream.name, false, prev, stream.last,
                          stream.entry(stream.items.size() - 1), chance(80)});
    }
  }
  void execute(std::size_t which) {
    Upstream::Answer& answer = source.answers[which];
    if (!answer.executed) {
      answer.executed = true;
      answer.page = find(answer.stream).page(answer.after, answer.count);
      trace(nullptr, "read " + answer.stream + " after " + format_entry_id(answer.after) +
                         ": last " + format_entry_id(answer.page.last_generated) + " first " +
                         format_entry_id(answer.page.first) + " added " +
                         std::to_string(answer.page.added));
    }
  }
  void answer(bool with_error) {
    if (source.answers.empty()) {
      return;
    }
    execute(0);
    const Upstream::Answer first = std::move(source.answers.front());
    source.answers.pop_front();
    if (first.is_check) {
      hub->on_behind(with_error ? std::span<const Ticket>{} : first.behind);
      return;
    }
    --source.reads;
    if (with_error) {
      hub->on_page(first.ticket, Error{ErrorKind::kUnavailable, "away"});
    } else {
      hub->on_page(first.ticket, first.page);
    }
  }
  void hear() {
    if (messages.empty()) {
      return;
    }
    Message message = std::move(messages.front());
    messages.pop_front();
    if (message.confirms) {
      hub->on_subscribed(message.stream);
    } else {
      hub->on_bell(message.stream, message.prev, message.id,
                   message.body ? &message.entry : nullptr);
    }
  }
  void lose_link() {
    link_up = false;
    messages.clear();
    heard.clear();
    hub->on_upstream_lost();
  }
  void regain_link() {
    link_up = true;
    for (const std::string& name : source.wanted) {
      heard.insert(name);
      messages.push_back({name, true, {}, {}, {}, false});
    }
  }

  // --- clients ---
  void join() {
    Stream& stream = streams[any_of(2)];
    auto client = std::make_unique<Client>(*this, stream);
    Start start;
    const int kind = static_cast<int>(random() % 10);
    if (kind < 3) {
      client->is_new = true;
    } else if (kind < 8 || settings.lossless) {
      // What it saw last: mostly of late, or of any time.
      const std::size_t back = kind < 6 ? any_of(12) : any_of(stream.items.size());
      const std::size_t index = stream.items.size() - 1 - std::min(back, stream.items.size() - 1);
      start = {Start::From::kAfter, stream.items[index].id};
      client->expected = index + 1;
    } else if (kind == 8) {
      start = {Start::From::kAfter, {stream.last.ms + 1 + any_of(100), 7}};
      client->gap = true;  // an id that nobody gave it
    } else {
      start.from = Start::From::kUnknown;
      client->is_new = true;
    }
    Client& joined = *client;
    clients.push_back(std::move(client));
    trace(&joined, "joins " + stream.name + " after " + format_entry_id(start.after) +
                       ", expects " + std::to_string(joined.expected));
    joined.subscriber = hub->join(stream.name, format, joined, start);
  }
  void leave(std::size_t which) {
    clients[which]->subscriber.reset();
    graves.push_back(std::move(clients[which]));  // it may be inside of a call
    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void drain(Client& client) {
    if (client.blocked && client.subscriber) {
      client.blocked = false;
      hub->drained(*client.subscriber);
    }
  }

  void one() {
    Stream& stream = streams[any_of(2)];
    const int dice = static_cast<int>(random() % 100);
    if (dice < 18) {
      publish(stream, 100);
    } else if (dice < 22) {
      publish(stream, 0);  // a native client, or a bell that was lost
    } else if (dice < 23 && !settings.lossless) {
      stream.trim(any_of(6));
    } else if (dice < 24 && !settings.lossless) {
      if (chance(20)) {
        stream.recreate(random);
        trace(nullptr, "new " + stream.name);
      }
    } else if (dice < 38) {
      hear();
    } else if (dice < 45 && !source.answers.empty()) {
      execute(any_of(source.answers.size()));
    } else if (dice < 58) {
      answer(chance(5));
    } else if (dice < 59) {
      if (chance(30)) {
        lose_link();
      }
    } else if (dice < 62) {
      if (!link_up) {
        regain_link();
      }
    } else if (dice < 66) {
      if (clients.size() < 12) {
        join();
      }
    } else if (dice < 68) {
      if (!clients.empty()) {
        leave(any_of(clients.size()));
      }
    } else if (dice < 78) {
      if (!clients.empty()) {
        drain(*clients[any_of(clients.size())]);
      }
    } else if (dice < 95) {
      turn();
    } else {
      now += 250;
      hub->tick(now);
    }
    graves.clear();
  }
  void turn() {
    if (waker.wakes > 0) {
      waker.wakes = 0;
      hub->turn();
    }
  }

  // Everything works again, and time goes by.
  void quiet() {
    calm = true;
    if (!link_up) {
      regain_link();
    }
    for (int round = 0; round < 200; ++round) {
      for (int i = 0; i < 300; ++i) {
        hear();
        answer(false);
        turn();
      }
      for (const auto& client : clients) {
        drain(*client);
      }
      now += 250;
      hub->tick(now);
    }
    ck_assert_msg(messages.empty(), "seed %llu", static_cast<unsigned long long>(seed));
    for (const auto& client : clients) {
      if (!client->subscriber) {
        continue;  // closed
      }
      if (!client->is_attached) {
        fail(*client, "never attached");
      }
      const auto& items = client->stream.items;
      for (std::size_t i = client->expected; i < items.size(); ++i) {
        if (!client->gap || (items[i].there && i >= client->skipped)) {
          fail(*client,
               "is left without " + std::to_string(i) + ", in state " +
                   std::to_string(static_cast<int>(client->subscriber->state())) +
                   ", its channel in " +
                   std::to_string(static_cast<int>(client->subscriber->channel()->state())));
        }
      }
    }
    clients.clear();
    graves.clear();
    ck_assert_uint_eq(hub->figures().subscribers, 0);
    ck_assert_uint_eq(hub->figures().replaying, 0);
    if (settings.lossless) {
      ck_assert_msg(hub->figures().gaps == 0, "seed %llu: a false gap",
                    static_cast<unsigned long long>(seed));
    }
    for (int i = 0; i < 20; ++i) {
      now += 250;
      hub->tick(now);
    }
    ck_assert_uint_eq(hub->figures().channels, 0);
  }

  const std::uint64_t seed;
  const Settings settings;
  Random random;
  int step = 0;
  bool calm = false;
  std::uint64_t now = 1'000'000;
  Stream streams[2];
  bool link_up = true;
  std::set<std::string, std::less<>> heard;
  std::deque<Message> messages;
  Upstream source;
  FakeWaker waker;
  PlainFormat format;
  std::unique_ptr<Hub> hub;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<Client>> graves;
};

Flow Client::attached() {
  if (is_attached) {
    run.fail(*this, "attached twice");
  }
  is_attached = true;
  if (is_new) {
    expected = stream.items.size();
  }
  blocked = !run.calm && run.chance(10);
  return blocked ? Flow::kBlocked : Flow::kOpen;
}

Flow Client::deliver(std::span<const BytesRef> pieces) {
  if (!is_attached || blocked) {
    run.fail(*this, "called while not attached, or blocked");
  }
  if (pieces.empty() || pieces.size() > kMaxPieces) {
    run.fail(*this, "bad number of pieces");
  }
  std::string token;
  for (const BytesRef& piece : pieces) {
    for (const char c : piece->view()) {
      if (c == ' ') {
        see(std::exchange(token, {}));
      } else {
        token += c;
      }
    }
  }
  if (run.calm) {
    return Flow::kOpen;
  }
  if (run.chance(3) && !run.clients.empty()) {
    run.leave(run.any_of(run.clients.size()));  // itself, perhaps
  }
  if (run.chance(2) && run.clients.size() < 12) {
    run.join();
  }
  if (run.chance(2)) {
    subscriber.reset();
    return Flow::kClosed;
  }
  blocked = run.chance(20);
  return blocked ? Flow::kBlocked : Flow::kOpen;
}

void Client::see(const std::string& token) {
  run.trace(this, token);
  history += token + " ";
  if (token.starts_with("gap(")) {
    gap = true;
    if (token.starts_with("gap(ahead")) {
      skipped = stream.items.size();  // goes on from the stream's top
    }
    return;
  }
  const std::size_t index = std::stoul(token.substr(1));
  const bool older = is_new && !any && index < expected;  // the channel had not seen it yet
  if (!older && (index < expected || (index > expected && !gap))) {
    run.fail(*this, "expected " + std::to_string(expected) + ", got " + token);
  }
  any = true;
  gap = false;
  expected = index + 1;
}

void run_seeds(const Settings& settings) {
  const char* one = std::getenv("NOTIFY_SEED");
  const char* many = std::getenv("NOTIFY_SEEDS");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 1;
  const std::uint64_t count = one != nullptr ? 1 : many != nullptr ? std::stoull(many) : 25;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Run run(seed, settings);
    run.all();
  }
}

START_TEST(everything_once_or_a_gap) { run_seeds({}); }
END_TEST

START_TEST(no_false_gap_where_nothing_is_removed) { run_seeds({.lossless = true}); }
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("hub, at random", everything_once_or_a_gap, no_false_gap_where_nothing_is_removed)
