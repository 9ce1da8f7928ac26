// Clients of work queues over HTTP, as many as one process can hold: for bench/ and for the stress
// tests in t/. They speak to the endpoints of conf/streams.conf, print one JSON object, and end.
//
//   queue_load publish --total 100000 [--batch 100]
//       publishes that many entries, {"n":0} and up
//   queue_load consume --total 100000 --consumers 8 [--limit 100] [--work 0] [--kill-every 0]
//       consumes until that many different entries were finished; each consumer finishes what it
//       gets after `work` ms. Each `kill-every` ms one consumer's connection is cut, with what it
//       had not finished yet; lost connections are made anew.
//   queue_load idle --consumers 5000 --groups 500
//       connects that many consumers, says "ready" and stays until SIGTERM
//
// Common: --port P (may be repeated: consumers and finishers are spread over the ports),
// --token TEXT, --stream S, --group G, --seconds N (give up after so long: exit status 1).

#include <event2/event.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/http_client.hpp"
#include "bench/program.hpp"

namespace {

using namespace notify::bench;

struct Options {
  std::string mode;
  std::vector<int> ports;
  std::string token;
  std::string stream = "bench";
  std::string group = "workers";
  std::size_t total = 0;
  std::size_t batch = 100;
  std::size_t consumers = 8;
  std::size_t groups = 1;
  std::size_t limit = 100;
  std::size_t bytes = 0;
  double work_ms = 0;
  double kill_every_ms = 0;
  double seconds = 120;
};

std::string request(const Options& options, std::string_view line, std::string_view body = {}) {
  std::string text(line);
  text.append(" HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ").append(options.token);
  if (line.starts_with("POST")) {
    text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  }
  return text.append("\r\n\r\n").append(body);
}

// ---- publish ------------------------------------------------------------------------------------

struct Publishing {
  explicit Publishing(const Options& the_options)
      : options(the_options), pool(options.ports, 4 * options.ports.size(), 8) {
    for (std::size_t n = 0; n < options.total; n += options.batch) {
      std::string body = "{\"messages\":[";
      const std::size_t end = std::min(n + options.batch, options.total);
      for (std::size_t i = n; i < end; ++i) {
        body.append(i == n ? "" : ",").append(item(i));
      }
      std::string line = "POST /api/streams/" + options.stream + "/messages";
      if (options.batch == 1) {
        body = "{\"data\":" + item(n) + "}";
      } else {
        body += "]}";
        line += "/batch";
      }
      pool.ask(request(options, line, body), [this, count = end - n](int status, bool) {
        (status == 201 ? published : refused) += count;
        if (published + refused >= options.total) {
          event_base_loopbreak(base);
        }
      });
    }
  }
  [[nodiscard]] std::string item(std::size_t n) const {
    std::string text = "{\"n\":" + std::to_string(n);
    if (options.bytes > 0) {
      text.append(",\"pad\":\"").append(options.bytes, 'x').append("\"");
    }
    return text + "}";
  }
  bool report(double seconds) const {
    std::printf("{\"published\":%zu,\"refused\":%zu,\"seconds\":%.3f,\"rate\":%.0f}\n", published,
                refused, seconds, static_cast<double>(published) / seconds);
    return published == options.total;
  }

  const Options& options;
  std::size_t published = 0;
  std::size_t refused = 0;
  Pool pool;
};

// ---- consume ------------------------------------------------------------------------------------

struct Consuming;

class Consumer final : public Connection::Handler {
 public:
  Consumer(Consuming& owner, int port, std::string path)
      : owner_(owner), path_(std::move(path)), connection_(port, *this) {}

  void cut() { connection_.cut(); }
  std::size_t received = 0;
  bool open = false;

 private:
  void on_connected() override;
  void on_head(int status) override;
  void on_body(std::string_view bytes) override;
  void on_end() override { connection_.cut(); }
  void on_lost() override;

  Consuming& owner_;
  const std::string path_;
  std::string text_;
  int status_ = 0;
  unsigned life_ = 0;  // what an earlier connection was given is not finished by a later one
  Connection connection_;
};

struct Consuming {
  explicit Consuming(const Options& the_options)
      : options(the_options), pool(options.ports, 4 * options.ports.size(), 16) {
    for (std::size_t i = 0; i < options.consumers; ++i) {
      const std::string group =
          options.groups == 1 ? options.group : options.group + std::to_string(i % options.groups);
      const std::string stream = options.groups == 1
                                     ? options.stream
                                     : options.stream + std::to_string(i % options.groups);
      consumers.push_back(
          std::make_unique<Consumer>(*this, options.ports[i % options.ports.size()],
                                     "GET /api/events?stream=" + stream + "&group=" + group +
                                         "&limit=" + std::to_string(options.limit)));
    }
    if (options.kill_every_ms > 0) {
      kill_later();
    }
  }

  void kill_later() {
    after(options.kill_every_ms, [this] {
      consumers[random() % consumers.size()]->cut();
      ++kills;
      kill_later();
    });
  }

  // `again`: whether an earlier try has done it is not known.
  void finish(const std::string& id, bool again = false) {
    pool.ask(request(options, "POST /api/messages/" + id + "/finish"),
             [this, id, again](int status, bool lost) {
               ++answers[status];
               if (status >= 500) {  // Redis is away: it is still to be finished
                 after(100, [this, id] { finish(id, true); });
               } else if (status == 200 || ((again || lost) && status == 404)) {
                 ++finishes;
                 if (++finished[id] == 1 && finished.size() == options.total) {
                   event_base_loopbreak(base);
                 }
               }
             });
  }

  void opened() {
    std::size_t open = 0;
    for (const auto& consumer : consumers) {
      open += consumer->open ? 1 : 0;
    }
    if (options.mode == "idle" && open == consumers.size()) {
      std::printf("ready\n");
      std::fflush(stdout);
    }
  }

  bool report(double seconds) const {
    std::size_t twice = 0;
    for (const auto& [id, count] : finished) {
      twice += count > 1 ? 1 : 0;
    }
    std::size_t repeated = 0;
    for (const auto& [id, count] : delivered) {
      repeated += count > 1 ? 1 : 0;
    }
    std::printf(
        "{\"finished\":%zu,\"finished_twice\":%zu,\"delivered\":%zu,\"delivered_twice\":%zu,"
        "\"kills\":%zu,\"losses\":%zu,\"seconds\":%.3f,\"rate\":%.0f,\"received\":[",
        finished.size(), twice, delivered.size(), repeated, kills, losses, seconds,
        static_cast<double>(finished.size()) / seconds);
    for (std::size_t i = 0; i < consumers.size(); ++i) {
      std::printf("%s%zu", i == 0 ? "" : ",", consumers[i]->received);
    }
    std::printf("],\"answers\":{");
    const char* comma = "";
    for (const auto& [status, count] : answers) {
      std::printf("%s\"%d\":%zu", std::exchange(comma, ","), status, count);
    }
    std::printf("}}\n");
    return finished.size() == options.total;
  }

  const Options& options;
  std::mt19937 random{1};
  std::unordered_map<std::string, unsigned> delivered;
  std::unordered_map<std::string, unsigned> finished;
  std::map<int, std::size_t> answers;
  std::size_t finishes = 0;
  std::size_t kills = 0;
  std::size_t losses = 0;
  Pool pool;
  std::vector<std::unique_ptr<Consumer>> consumers;
};

void Consumer::on_connected() {
  text_.clear();
  ++life_;
  connection_.write(request(owner_.options, path_));
}

void Consumer::on_head(int status) {
  status_ = status;
  open = status == 200;
  if (open) {
    owner_.opened();
  }
}

void Consumer::on_lost() {
  ++life_;
  open = false;
  ++owner_.losses;
}

void Consumer::on_body(std::string_view bytes) {
  if (status_ != 200) {
    return;
  }
  text_.append(bytes);
  std::size_t from = 0;
  for (;;) {
    const std::size_t end = text_.find("\n\n", from);
    if (end == std::string::npos) {
      break;
    }
    const std::string_view frame = std::string_view(text_).substr(from, end - from);
    from = end + 2;
    // {"body":…,"id":"<id>"}: the id is the last member.
    const std::size_t id = frame.rfind("\"id\":\"");
    if (!frame.starts_with("data: ") || id == std::string_view::npos) {
      continue;
    }
    const std::string name(frame.substr(id + 6, frame.rfind('"') - id - 6));
    ++received;
    ++owner_.delivered[name];
    if (owner_.options.work_ms == 0) {
      owner_.finish(name);
    } else {
      after(owner_.options.work_ms, [this, name, life = life_] {
        if (life == life_) {
          owner_.finish(name);
        }
      });
    }
  }
  text_.erase(0, from);
}

// ---- arguments ----------------------------------------------------------------------------------

Options parse(int argc, char** argv) {
  Options options;
  if (argc < 2) {
    give_up("publish, consume or idle?");
  }
  options.mode = argv[1];
  read_options(argc, argv, 2,
               {{"--port", &options.ports},
                {"--token", &options.token},
                {"--stream", &options.stream},
                {"--group", &options.group},
                {"--total", &options.total},
                {"--batch", &options.batch},
                {"--consumers", &options.consumers},
                {"--groups", &options.groups},
                {"--limit", &options.limit},
                {"--bytes", &options.bytes},
                {"--work", &options.work_ms},
                {"--kill-every", &options.kill_every_ms},
                {"--seconds", &options.seconds}});
  options.batch = std::max<std::size_t>(1, options.batch);
  options.groups = std::max<std::size_t>(1, options.groups);
  if (options.ports.empty()) {
    give_up("--port is missing");
  }
  return options;
}

template <class Work>
int run(const Options& options) {
  const double began_ms = now_ms();
  Work work(options);
  if (options.mode == "idle") {
    event* signal = evsignal_new(
        base, SIGTERM, [](evutil_socket_t, short, void*) { event_base_loopbreak(base); }, nullptr);
    event_add(signal, nullptr);
  } else {
    after(options.seconds * 1000, [] { event_base_loopbreak(base); });
  }
  event_base_dispatch(base);
  const bool complete = work.report((now_ms() - began_ms) / 1000);
  std::fflush(stdout);
  // Connections that are open end with the process.
  std::_Exit(complete || options.mode == "idle" ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  make_loop();
  if (options.mode == "publish") {
    return run<Publishing>(options);
  }
  if (options.mode == "consume" || options.mode == "idle") {
    return run<Consuming>(options);
  }
  give_up("unknown mode " + options.mode);
}
