// Users of the catalogue, as many as one process can hold: each has a WebSocket, notifications are
// sent to them in turn at a steady rate, and what a user gets he acknowledges. For bench/ and for
// t/notiq_load.t.
//
//   notification_load --port P --key KEY --client shop --users 5000 --rate 500 --seconds 60
//                     [--senders 1000] [--patience 60] [--ledger FILE] [--no-sockets 1]
//                     [--acknowledge 0]
//
// A send is never repeated; an acknowledgement is until it is answered 200. Who prints "open" has
// all sockets open and begins to send; a line a second follows, then one JSON object. The ledger
// has a line for each send: its number, status, user, and the id that the answer named.
// --rate 0 sends as fast as `senders` connections can.
//
// It ends when all that was accepted has come and is acknowledged, and every socket has been closed
// by its handshake, so that nothing is on its way any more; exit status 1 after `patience` seconds
// without that.

#include <event2/event.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/http_client.hpp"
#include "bench/program.hpp"
#include "bench/websocket_client.hpp"

namespace {

using namespace notify::bench;

struct Options {
  int port = 0;
  std::string key;
  std::string client = "shop";
  std::string ledger;
  std::size_t users = 300;
  std::size_t senders = 1'000;
  double rate = 50;
  double seconds = 8;
  double patience = 60;
  bool no_sockets = false;
  bool acknowledge = true;
};

// The text behind `name":"`, up to the next quote; quotes may be escaped once.
std::string_view member(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  if (at == text.npos) {
    return {};
  }
  auto rest = text.substr(at + name.size());
  const auto begin = rest.find(':');
  if (begin == rest.npos) {
    return {};
  }
  rest.remove_prefix(begin + 1);
  const auto first = rest.find_first_not_of("\\\"");
  rest.remove_prefix(std::min(first, rest.size()));
  return rest.substr(0, rest.find_first_of("\\\""));
}

// ---- requests, one at a time on each connection -------------------------------------------------

class Caller {
 public:
  // Status 0: the connection was lost, and what became of it is not known.
  using Answer = std::function<void(int status, std::string_view body)>;

  Caller(int port, std::size_t connections) {
    for (std::size_t i = 0; i < connections; ++i) {
      lanes_.push_back(std::make_unique<Lane>(*this, port));
    }
  }

  void ask(std::string request, Answer answer) {
    waiting_.emplace_back(std::move(request), std::move(answer));
    pump();
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t connected() const {
    return static_cast<std::size_t>(
        std::count_if(lanes_.begin(), lanes_.end(),
                      [](const auto& lane) { return lane->connection.connected(); }));
  }

 private:
  struct Lane final : Connection::Handler {
    Lane(Caller& owner, int port) : caller(owner), connection(port, *this) {}
    void on_connected() override {
      caller.idle_.push_back(this);
      caller.pump();
    }
    void on_head(int code) override { status = code; }
    void on_body(std::string_view bytes) override { body += bytes; }
    void on_end() override {
      const auto done = std::exchange(answer, nullptr);
      const auto text = std::exchange(body, {});
      if (!connection.closing()) {
        caller.idle_.push_back(this);
      }
      done(status, text);
      caller.pump();
    }
    void on_lost() override {
      std::erase(caller.idle_, this);
      body.clear();
      if (const auto done = std::exchange(answer, nullptr)) {
        done(0, {});
      }
    }
    Caller& caller;
    Answer answer;
    std::string body;
    int status = 0;
    Connection connection;
  };

  void pump() {
    while (!waiting_.empty() && !idle_.empty()) {
      auto* lane = idle_.back();
      idle_.pop_back();
      auto [request, answer] = std::move(waiting_.front());
      waiting_.pop_front();
      lane->answer = std::move(answer);
      lane->connection.write(request);
    }
  }

  std::deque<std::pair<std::string, Answer>> waiting_;
  std::vector<Lane*> idle_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

// ---- users --------------------------------------------------------------------------------------

struct Sent {
  std::size_t user = 0;
  double at = 0;
  int status = -1;  // not answered
  std::string id;
  std::string arrived_as;
  unsigned arrived = 0;
  bool acknowledged = false;
};

class Load;

struct User final : WebSocket::Handler {
  User(Load& owner, std::size_t n, const Options& options)
      : load(owner),
        number(n),
        socket(options.port,
               "/api/ws/" + options.client + "/u" + std::to_string(n) + "?api_key=" + options.key,
               *this) {}
  void on_open(bool again) override;
  void on_message(std::string_view text) override;
  void on_refused(std::string_view status_line) override;
  void on_lost(bool was_open) override;
  void on_closed() override;
  Load& load;
  std::size_t number;
  WebSocket socket;
};

class Load {
 public:
  explicit Load(Options options)
      : options_(std::move(options)), senders_(options_.port, options_.senders) {
    if (options_.acknowledge) {
      acknowledgers_ = std::make_unique<Caller>(options_.port, options_.senders);
    }
    sent_.reserve(1 << 20);
    if (!options_.no_sockets) {
      connect_some();
    }
    wait_open();
  }

  int run() {
    event_base_dispatch(base);
    report();
    return finished_ ? 0 : 1;
  }

  // ---- told by users

  void opened(bool again) {
    ++open_;
    ++opened_;
    reconnects_ += again ? 1 : 0;
  }
  void lost(bool was_open) { open_ -= was_open ? 1 : 0; }
  void closed() {
    if (++closed_ == users_.size()) {
      finish(true);
    }
  }
  void arrived(std::size_t user, std::string_view text) {
    const auto id = member(text, "message_id");
    const auto number = std::strtoul(std::string(member(text, "title")).c_str(), nullptr, 10);
    if (number >= sent_.size() || sent_[number].user != user) {
      ++strange_;
      return;
    }
    auto& sent = sent_[number];
    latency_.push_back(now_ms() - sent.at);
    ++arrivals_;
    if (sent.arrived++ == 0) {
      sent.arrived_as = id;
      if (options_.acknowledge) {
        acknowledge(number);
      } else {
        sent.acknowledged = true;
      }
    }
  }

 private:
  void connect_some() {
    for (std::size_t i = 0; i < 50 && users_.size() < options_.users; ++i) {
      users_.push_back(std::make_unique<User>(*this, users_.size(), options_));
    }
    if (users_.size() < options_.users) {
      after(10, [this] { connect_some(); });
    }
  }

  void wait_open() {
    const bool sockets = options_.no_sockets || open_ == options_.users;
    if (!sockets || senders_.connected() < options_.senders) {
      return after(20, [this] { wait_open(); });
    }
    std::printf("open\n");
    std::fflush(stdout);
    began_ = now_ms();
    tick();
    tell();
  }

  void tell() {
    if (done_sending_ && quiet()) {
      return;
    }
    std::printf("%.0f s: sent %zu accepted %zu arrived %zu acknowledged %zu in hand %zu\n",
                (now_ms() - began_) / 1000, sent_.size(), accepted_, arrivals_, acknowledged_,
                in_hand_);
    std::fflush(stdout);
    after(1000, [this] { tell(); });
  }

  [[nodiscard]] std::string head(std::string_view path, std::size_t length) const {
    return "POST /api/notification/" + std::string(path) +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nx-api-key: " +
           options_.key + "\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  }

  void tick() {
    const double elapsed = now_ms() - began_;
    const double until = std::min(elapsed, options_.seconds * 1000);
    if (options_.rate > 0) {
      const auto due = static_cast<std::size_t>(until / 1000 * options_.rate);
      while (sent_.size() < due) {
        send();
      }
    } else {
      while (elapsed < options_.seconds * 1000 && in_hand_ < options_.senders) {
        send();
      }
    }
    if (elapsed >= options_.seconds * 1000) {
      done_sending_ = true;
      sending_took_ = elapsed;
      return wait_quiet();
    }
    after(options_.rate > 0 ? 5 : 1, [this] { tick(); });
  }

  void send() {
    const auto number = sent_.size();
    const auto user = number % options_.users;
    sent_.push_back({.user = user, .at = now_ms()});
    ++in_hand_;
    const auto body = R"({"user_id":"u)" + std::to_string(user) +
                      R"(","type":"info","color_code":"#a1b2c3","title":")" +
                      std::to_string(number) +
                      R"(","message":"Your order is on its way","timeout":5000,"is_sticky":false})";
    senders_.ask(head("send", body.size()) + body,
                 [this, number](int status, std::string_view text) {
                   auto& sent = sent_[number];
                   --in_hand_;
                   sent.status = status;
                   ++statuses_[status];
                   answer_.push_back(now_ms() - sent.at);
                   if (status == 200) {
                     ++accepted_;
                     sent.id = member(text, "message_id");
                   }
                   if (options_.rate == 0 && !done_sending_) {
                     send();
                   }
                 });
  }

  void acknowledge(std::size_t number) {
    const auto& sent = sent_[number];
    const auto body = R"({"user_id":"u)" + std::to_string(sent.user) + R"(","message_ids":[")" +
                      sent.arrived_as + R"("]})";
    acknowledgers_->ask(head("acknowledge", body.size()) + body,
                        [this, number](int status, std::string_view) {
                          if (status == 200) {
                            sent_[number].acknowledged = true;
                            ++acknowledged_;
                            return;
                          }
                          ++repeated_;
                          after(200, [this, number] { acknowledge(number); });
                        });
  }

  [[nodiscard]] bool quiet() const {
    return in_hand_ == 0 && std::all_of(sent_.begin(), sent_.end(), [this](const Sent& sent) {
             const bool has_come = sent.arrived > 0 || options_.no_sockets;
             return sent.status == 200 ? has_come && (sent.acknowledged || options_.no_sockets)
                                       : sent.arrived == 0 || sent.acknowledged;
           });
  }

  void wait_quiet() {
    const double late = now_ms() - began_ - options_.seconds * 1000;
    if (late > options_.patience * 1000) {
      return finish(false);
    }
    if (!quiet()) {
      return after(50, [this] { wait_quiet(); });
    }
    settled_took_ = late;
    if (users_.empty()) {
      return finish(true);
    }
    for (const auto& user : users_) {
      user->socket.close();
    }
    after(10'000, [this] { finish(false); });
  }

  void finish(bool all) {
    finished_ = finished_ || all;
    event_base_loopbreak(base);
  }

  static double share(std::vector<double>& values, double part) {
    if (values.empty()) {
      return 0;
    }
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  }

  void report() {
    std::size_t missing = 0;
    std::size_t doubled = 0;
    std::size_t unwanted = 0;  // refused, and there all the same
    std::size_t differing = 0;
    for (const auto& sent : sent_) {
      missing += sent.status == 200 && sent.arrived == 0 && !options_.no_sockets ? 1 : 0;
      doubled += sent.arrived > 1 ? 1 : 0;
      unwanted += sent.status != 200 && sent.arrived > 0 ? 1 : 0;
      differing += sent.status == 200 && sent.arrived > 0 && sent.id != sent.arrived_as ? 1 : 0;
    }
    std::string statuses;
    for (const auto& [status, count] : statuses_) {
      statuses += (statuses.empty() ? "\"" : ",\"") + std::to_string(status) +
                  "\":" + std::to_string(count);
    }
    std::printf(
        "{\"sent\":%zu,\"accepted\":%zu,\"statuses\":{%s},\"rate\":%.0f,\"opened\":%zu,"
        "\"reconnects\":%zu,\"missing\":%zu,\"doubled\":%zu,\"unwanted\":%zu,\"differing\":%zu,"
        "\"strange\":%zu,\"acknowledged\":%zu,\"acknowledged_again\":%zu,"
        "\"answer_ms\":[%.1f,%.1f,%.1f],\"arrival_ms\":[%.1f,%.1f,%.1f],\"settled_ms\":%.0f}\n",
        sent_.size(), accepted_, statuses.c_str(),
        static_cast<double>(accepted_) / std::max(sending_took_, 1.0) * 1000, opened_, reconnects_,
        missing, doubled, unwanted, differing, strange_, acknowledged_, repeated_,
        share(answer_, 0.5), share(answer_, 0.99), share(answer_, 1), share(latency_, 0.5),
        share(latency_, 0.99), share(latency_, 1), settled_took_);
    if (options_.ledger.empty()) {
      return;
    }
    std::FILE* file = std::fopen(options_.ledger.c_str(), "w");
    if (file == nullptr) {
      give_up("cannot write " + options_.ledger);
    }
    for (std::size_t i = 0; i < sent_.size(); ++i) {
      std::fprintf(file, "%zu %d u%zu %s\n", i, sent_[i].status, sent_[i].user,
                   sent_[i].id.c_str());
    }
    std::fclose(file);
  }

  const Options options_;
  Caller senders_;
  std::unique_ptr<Caller> acknowledgers_;
  std::vector<std::unique_ptr<User>> users_;
  std::vector<Sent> sent_;
  std::map<int, std::size_t> statuses_;
  std::vector<double> answer_;
  std::vector<double> latency_;
  std::size_t open_ = 0;
  std::size_t opened_ = 0;
  std::size_t closed_ = 0;
  std::size_t reconnects_ = 0;
  std::size_t in_hand_ = 0;
  std::size_t accepted_ = 0;
  std::size_t arrivals_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t repeated_ = 0;
  std::size_t strange_ = 0;
  double began_ = 0;
  double sending_took_ = 0;
  double settled_took_ = 0;
  bool done_sending_ = false;
  bool finished_ = false;
};

void User::on_open(bool again) { load.opened(again); }
void User::on_message(std::string_view text) { load.arrived(number, text); }
void User::on_refused(std::string_view status_line) {
  std::fprintf(stderr, "refused: %.*s\n", static_cast<int>(status_line.size()), status_line.data());
}
void User::on_lost(bool was_open) { load.lost(was_open); }
void User::on_closed() { load.closed(); }

Options parse(int argc, char** argv) {
  Options options;
  read_options(argc, argv, 1,
               {{"--port", &options.port},
                {"--key", &options.key},
                {"--client", &options.client},
                {"--ledger", &options.ledger},
                {"--users", &options.users},
                {"--senders", &options.senders},
                {"--rate", &options.rate},
                {"--seconds", &options.seconds},
                {"--patience", &options.patience},
                {"--no-sockets", &options.no_sockets},
                {"--acknowledge", &options.acknowledge}});
  if (options.port == 0 || options.key.empty() || options.users == 0) {
    give_up("--port, --key and --users are needed");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = parse(argc, argv);
  make_loop();
  return Load(std::move(options)).run();
}
