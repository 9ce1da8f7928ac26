#include "shared/redis/link.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <utility>

#include "shared/redis/connection.hpp"
#include "shared/redis/link_fsm.hpp"
#include "shared/redis/pending.hpp"
#include "shared/redis/schema.hpp"

namespace notify::redis {
namespace {

// Channels per SUBSCRIBE: a command of some 40 kB, and one turn's worth of answers.
constexpr std::size_t kChannelsPerCommand = 512;

// A deadline that has passed counts after one more look at the socket: a process that was stopped
// for a while finds its answers there, but its clock first.
constexpr Milliseconds kGrace{20};

// How long the answers to what was pipelined behind a demotion are waited for.
constexpr Milliseconds kDrainLimit{100};

// A server that goes on greeting us and refusing what we write is told of once in so long.
constexpr Milliseconds kQuiet{10'000};

std::string_view code_of(std::string_view error) { return error.substr(0, error.find(' ')); }

// A demotion's text differs by the script that met it.
bool is_same_trouble(std::string_view one, std::string_view other) {
  return one == other || (is_demotion(code_of(one)) && code_of(one) == code_of(other));
}

struct Operation {
  std::shared_ptr<Pending::Control> control;  // null: (un)subscribing
  std::uint64_t end = 0;                      // of its bytes, as in Connection::queued()
  std::uint64_t deadline = 0;                 // on Host's clock
  std::size_t answers = 1;                    // still to come
  std::uint64_t sent_us = 0;                  // 0: nobody asks how long it takes
};

std::uint64_t steady_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

struct DepthGuard {
  explicit DepthGuard(int& depth) : depth_(depth) { ++depth_; }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  int& depth_;
};

std::vector<std::string> split_addresses(std::string_view hosts) {
  std::vector<std::string> addresses;
  for (std::size_t at = 0; at <= hosts.size();) {
    const std::size_t blank = std::min(hosts.find(' ', at), hosts.size());
    addresses.emplace_back(hosts.substr(at, blank - at));
    at = blank + 1;
  }
  return addresses;
}

}  // namespace

class Link::Impl final : public ConnectionObserver, public std::enable_shared_from_this<Impl> {
 public:
  Impl(Host& host, LinkOptions options, LinkObserver& observer);

  void start() { perform(fsm_on({.event = LinkEvent::kStart})); }
  void stop(std::string_view why);
  void reset(std::string_view why);
  void subscribe(std::string_view verb, std::span<const std::string_view> channels);
  Pending send(std::span<const std::string_view> arguments, Completion completion,
               Milliseconds timeout, const std::shared_ptr<const void>& owner);

  [[nodiscard]] bool ready() const { return fsm_.state() == LinkState::kReady; }
  [[nodiscard]] std::size_t in_flight() const { return operations_.size(); }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }
  // Whether a function of this object is on the stack: it must not be destroyed now.
  [[nodiscard]] bool busy() const { return depth_ > 0; }

 private:
  void on_open() override;
  void on_reply(const Reply& reply) override;
  void on_closed(std::string_view why) override { end(why); }

  LinkActions fsm_on(const LinkFact& fact) { return fsm_.on(fact, host_.now_ms(), host_.random()); }
  void perform(const LinkActions& actions);
  void connect();
  void greet();
  void end(std::string_view why);
  void next_address();
  void fail_in_flight();
  [[nodiscard]] std::string where(std::string_view what) const;

  void greeting_reply(const Reply& reply);
  void command_reply(const Reply& reply);
  void channel_reply(const Reply& reply);

  void enqueue(Operation operation, Milliseconds timeout);
  void pop();
  void setup_overdue();
  void command_overdue();
  void refuse_later(std::shared_ptr<Pending::Control> control);
  void refuse_now();

  Host& host_;
  LinkOptions options_;
  std::vector<std::string> addresses_;  // of the host: options_.url has the one of this attempt
  std::size_t address_ = 0;
  LinkObserver& observer_;
  LinkFsm fsm_;
  std::shared_ptr<Connection> connection_;
  std::deque<Greeting> greeting_;       // answers still to come
  std::vector<const Script*> loading_;  // of them, the scripts
  std::deque<Operation> operations_;
  std::deque<std::shared_ptr<Pending::Control>> refused_;  // to be told in a posted task
  std::unique_ptr<Timer> setup_;                           // connecting, greeting, draining
  std::unique_ptr<Timer> retry_;                           // waiting
  std::unique_ptr<Timer> deadline_;                        // of the operation that is due first
  std::uint64_t deadline_at_ = 0;                          // 0: not armed
  bool overdue_ = false;                                   // within kGrace
  bool subscriber_ = false;
  std::string last_error_;
  // Of each address: said once, until the link was ready or it changes.
  std::vector<std::string> logged_errors_;
  std::string demotion_;  // the last one that was said
  std::uint64_t quiet_until_ = 0;
  bool untold_ = false;  // that the link was lost: then nor is it told that it is back
  int depth_ = 0;
};

Link::Impl::Impl(Host& host, LinkOptions options, LinkObserver& observer)
    : host_(host),
      options_(std::move(options)),
      addresses_(split_addresses(options_.url.host)),
      observer_(observer),
      fsm_(options_.backoff_initial, options_.backoff_max),
      setup_(host.timer(TimerKind::kBackground, [this] { setup_overdue(); })),
      retry_(host.timer(TimerKind::kBackground,
                        [this] { perform(fsm_on({.event = LinkEvent::kRetry})); })),
      deadline_(host.timer(TimerKind::kHolding, [this] { command_overdue(); })),
      logged_errors_(addresses_.size()) {
  options_.url.host = addresses_[0];
}

// ---- life cycle ---------------------------------------------------------------------------------

void Link::Impl::perform(const LinkActions& actions) {
  const DepthGuard guard(depth_);
  if (actions.close) {
    setup_->disarm();
    retry_->disarm();
    greeting_.clear();
    loading_.clear();
    subscriber_ = false;
  }
  if (actions.wait) {
    retry_->arm(*actions.wait);
  }
  if (actions.announce_lost) {
    untold_ = actions.drain && code_of(last_error_) == demotion_ && host_.now_ms() < quiet_until_;
    if (!untold_) {
      host_.log(LogLevel::kWarning, where("lost") + ": " + last_error_);
    }
    if (actions.drain && !untold_) {
      demotion_ = code_of(last_error_);
      quiet_until_ = host_.now_ms() + kQuiet.count();
    }
    logged_errors_[address_] = last_error_;
    observer_.on_link_lost(last_error_);
  } else if (actions.wait && !is_same_trouble(last_error_, logged_errors_[address_])) {
    host_.log(LogLevel::kError, where("no link to") + ": " + last_error_);
    logged_errors_[address_] = last_error_;
    untold_ = false;
  }
  if (actions.close) {
    fail_in_flight();
  }
  if (actions.connect) {
    connect();
  }
  if (actions.greet) {
    greet();
  }
  if (actions.drain) {
    setup_->arm(kDrainLimit);
  }
  if (actions.announce_ready) {
    setup_->disarm();
    last_error_.clear();
    bool again = false;
    for (std::string& logged : logged_errors_) {
      again = again || !logged.empty();
      logged.clear();
    }
    if (!std::exchange(untold_, false)) {
      host_.log(again ? LogLevel::kNotice : LogLevel::kInfo, where("linked to"));
    }
    observer_.on_link_ready();
  }
}

void Link::Impl::connect() {
  std::string why;
  connection_ = Connection::open(host_, options_.url, *this, why);
  if (connection_ == nullptr) {
    end(why);
    return;
  }
  setup_->arm(options_.connect_timeout);
}

void Link::Impl::on_open() {
  perform(fsm_on(
      {.event = LinkEvent::kConnected,
       .steps = static_cast<unsigned>(2 + (options_.url.password.empty() ? 0 : 1) +
                                      (options_.url.db == 0 ? 0 : 1) + options_.scripts.size())}));
}

void Link::Impl::greet() {
  setup_->arm(options_.command_timeout);
  const auto ask = [this](Greeting step, std::initializer_list<std::string_view> arguments) {
    connection_->append({arguments.begin(), arguments.size()});
    greeting_.push_back(step);
  };
  const RedisUrl& url = options_.url;
  if (!url.password.empty()) {
    if (url.user.empty()) {
      ask(Greeting::kAuth, {"AUTH", url.password});
    } else {
      ask(Greeting::kAuth, {"AUTH", url.user, url.password});
    }
  }
  if (url.db != 0) {
    ask(Greeting::kSelect, {"SELECT", std::to_string(url.db)});
  }
  ask(Greeting::kName, {"CLIENT", "SETNAME", options_.client_name});
  for (const Script* script : options_.scripts) {
    ask(Greeting::kScript, {"SCRIPT", "LOAD", script->source});
    loading_.push_back(script);
  }
  ask(Greeting::kPing, {"PING"});
}

// The connection ended, or is to end.
void Link::Impl::end(std::string_view why) {
  const bool was_ready = ready();
  last_error_ = why;
  perform(fsm_on({.event = LinkEvent::kEnded}));
  if (!was_ready) {
    next_address();
  }
}

// A name may have several addresses, and not at all of them there is a Redis: each failure is
// followed by an attempt at the next one. A link that was ready comes back to where it was first.
void Link::Impl::next_address() {
  address_ = (address_ + 1) % addresses_.size();
  options_.url.host = addresses_[address_];
}

void Link::Impl::stop(std::string_view why) {
  const DepthGuard guard(depth_);
  last_error_ = why;
  perform(fsm_on({.event = LinkEvent::kStop}));
  refuse_now();
}

void Link::Impl::reset(std::string_view why) {
  if (ready()) {
    last_error_ = why;
    perform(fsm_on({.event = LinkEvent::kReset}));
  }
}

// Everybody who waits for an answer of this connection gets the honest end of it.
void Link::Impl::fail_in_flight() {
  const std::uint64_t written = connection_ ? connection_->written() : 0;
  if (connection_) {
    connection_->close();
    connection_.reset();
  }
  deadline_->disarm();
  deadline_at_ = 0;
  overdue_ = false;
  const std::string why = last_error_;  // a completion may change it
  for (auto ended = std::exchange(operations_, {}); !ended.empty(); ended.pop_front()) {
    const Operation& operation = ended.front();
    if (operation.control) {
      operation.control->complete(Error{
          operation.end <= written ? ErrorKind::kUnknownOutcome : ErrorKind::kUnavailable, why});
    }
  }
}

std::string Link::Impl::where(std::string_view what) const {
  return "redis: " + std::string(what) + " " + options_.url.display() + " as " +
         options_.client_name;
}

void Link::Impl::setup_overdue() {
  const auto text = [](std::string_view what, Milliseconds limit) {
    return std::string(what) + " within " + std::to_string(limit.count()) + " ms";
  };
  switch (fsm_.state()) {
    case LinkState::kConnecting:
      end(text("no connection", options_.connect_timeout));
      break;
    case LinkState::kGreeting:
      end(text("no answer to the greeting", options_.command_timeout));
      break;
    default:
      end(last_error_);  // draining: why it was demoted
      break;
  }
}

// ---- replies ------------------------------------------------------------------------------------

void Link::Impl::on_reply(const Reply& reply) {
  const DepthGuard guard(depth_);
  if (fsm_.state() == LinkState::kGreeting) {
    greeting_reply(reply);
  } else if (subscriber_) {
    channel_reply(reply);
  } else {
    command_reply(reply);
  }
}

void Link::Impl::greeting_reply(const Reply& reply) {
  if (greeting_.empty()) {
    end("a reply that nobody asked for");
    return;
  }
  const Greeting step = greeting_.front();
  greeting_.pop_front();
  if (step == Greeting::kScript && !loading_.empty()) {
    const Script* script = loading_.front();
    loading_.erase(loading_.begin());
    if (reply.text() != script->sha1) {
      host_.log(LogLevel::kDebug, "redis: script " + std::string(script->name) +
                                      " was not loaded: " + std::string(reply.text()));
    }
  }
  if (reply.is_error()) {
    last_error_ = reply.text();
  }
  perform(fsm_on({.event = LinkEvent::kAnswered,
                  .step = step,
                  .error_code = reply.error_code(),
                  .error = reply.is_error() ? reply.text() : std::string_view{}}));
}

void Link::Impl::command_reply(const Reply& reply) {
  if (operations_.empty()) {
    end(reply.is_error() ? reply.text() : "a reply that nobody asked for");
    return;
  }
  const auto control = std::move(operations_.front().control);
  const std::uint64_t sent_us = operations_.front().sent_us;
  pop();
  if (sent_us > 0) {
    options_.on_answer(steady_us() - sent_us);
  }
  if (is_demotion(reply.error_code())) {
    last_error_ = reply.text();
    perform(fsm_on({.event = LinkEvent::kDemoted}));
    if (control) {
      control->complete(Error{ErrorKind::kUnavailable, std::string(reply.text())});
    }
  } else if (control) {
    control->complete(reply);
  }
  if (fsm_.state() == LinkState::kDraining && operations_.empty()) {
    perform(fsm_on({.event = LinkEvent::kDrained}));
  }
}

void Link::Impl::channel_reply(const Reply& reply) {
  const auto kind = reply[0].bulk();
  const auto channel = reply[1].bulk();
  if (reply.is_error()) {
    end(reply.text());  // no permission for a channel: better no link than one that is deaf
  } else if (kind == "message" && channel && reply[2].bulk()) {
    observer_.on_link_message(*channel, *reply[2].bulk());
  } else if ((kind == "subscribe" || kind == "unsubscribe") && channel && !operations_.empty()) {
    if (--operations_.front().answers == 0) {
      pop();
    }
    if (kind == "subscribe") {
      observer_.on_link_subscribed(*channel);
    }
  } else {
    end("a reply that nobody asked for");
  }
}

// ---- operations ---------------------------------------------------------------------------------

Pending Link::Impl::send(std::span<const std::string_view> arguments, Completion completion,
                         Milliseconds timeout, const std::shared_ptr<const void>& owner) {
  auto control = std::make_shared<Pending::Control>(std::move(completion), nullptr);
  if (!ready() || subscriber_ || arguments.empty()) {
    refuse_later(control);
    return Pending(std::move(control));
  }
  connection_->append(arguments, owner);
  enqueue({.control = control,
           .end = connection_->queued(),
           .sent_us = options_.on_answer ? steady_us() : 0},
          timeout == Milliseconds{0} ? options_.command_timeout : timeout);
  return Pending(std::move(control));
}

void Link::Impl::subscribe(std::string_view verb, std::span<const std::string_view> channels) {
  if (!ready() || !(subscriber_ || operations_.empty())) {
    return;
  }
  std::vector<std::string_view> arguments;
  while (!channels.empty()) {
    const auto batch = channels.first(std::min(channels.size(), kChannelsPerCommand));
    channels = channels.subspan(batch.size());
    arguments.assign(1, verb);
    arguments.insert(arguments.end(), batch.begin(), batch.end());
    subscriber_ = true;
    connection_->append(arguments);
    enqueue({.end = connection_->queued(), .answers = batch.size()}, options_.command_timeout);
  }
}

void Link::Impl::enqueue(Operation operation, Milliseconds timeout) {
  operation.deadline = host_.now_ms() + static_cast<std::uint64_t>(timeout.count());
  if (deadline_at_ == 0 || operation.deadline < deadline_at_) {
    deadline_at_ = operation.deadline;
    deadline_->arm(timeout);
  }
  operations_.push_back(std::move(operation));
}

void Link::Impl::pop() {
  operations_.pop_front();
  if (operations_.empty()) {
    deadline_->disarm();  // it would keep a process from leaving
    deadline_at_ = 0;
    overdue_ = false;
  }
}

// The timer stands where the first deadline was when it was armed; those have been answered since.
void Link::Impl::command_overdue() {
  deadline_at_ = 0;
  if (operations_.empty()) {
    return;
  }
  const auto first = std::min_element(
      operations_.begin(), operations_.end(),
      [](const Operation& a, const Operation& b) { return a.deadline < b.deadline; });
  const std::uint64_t now = host_.now_ms();
  if (first->deadline > now) {
    overdue_ = false;
    deadline_at_ = first->deadline;
    deadline_->arm(Milliseconds{first->deadline - now});
  } else if (!overdue_) {
    overdue_ = true;
    deadline_at_ = now + static_cast<std::uint64_t>(kGrace.count());
    deadline_->arm(kGrace);
  } else {
    end("no answer within the time limit");
  }
}

void Link::Impl::refuse_later(std::shared_ptr<Pending::Control> control) {
  refused_.push_back(std::move(control));
  if (refused_.size() == 1) {
    host_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        const DepthGuard guard(self->depth_);
        self->refuse_now();
      }
    });
  }
}

void Link::Impl::refuse_now() {
  const std::string why = last_error_.empty() ? "no link to Redis" : last_error_;
  for (auto refused = std::exchange(refused_, {}); !refused.empty(); refused.pop_front()) {
    refused.front()->complete(Error{ErrorKind::kUnavailable, why});
  }
}

// ---- Link ---------------------------------------------------------------------------------------

Link::Link(Host& host, LinkOptions options, LinkObserver& observer)
    : host_(host), impl_(std::make_shared<Impl>(host, std::move(options), observer)) {}

Link::~Link() {
  impl_->stop("the link is closed");
  if (impl_->busy()) {
    host_.post([impl = std::move(impl_)] {});
  }
}

void Link::start() { impl_->start(); }
void Link::stop() { impl_->stop("the link is closed"); }
bool Link::ready() const { return impl_->ready(); }
std::size_t Link::in_flight() const { return impl_->in_flight(); }
const std::string& Link::last_error() const { return impl_->last_error(); }
void Link::reset(std::string_view why) { impl_->reset(why); }

Pending Link::send(std::span<const std::string_view> arguments, Completion completion,
                   Milliseconds timeout, const std::shared_ptr<const void>& owner) {
  return impl_->send(arguments, std::move(completion), timeout, owner);
}

void Link::subscribe(std::span<const std::string_view> channels) {
  impl_->subscribe("SUBSCRIBE", channels);
}

void Link::unsubscribe(std::span<const std::string_view> channels) {
  impl_->subscribe("UNSUBSCRIBE", channels);
}

}  // namespace notify::redis
