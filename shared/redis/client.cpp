#include "shared/redis/client.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "shared/redis/pending.hpp"
#include "shared/redis/schema.hpp"

namespace notify::redis {
namespace {

// What a command needs beside its arguments: objects, tables, a request that waits.
constexpr std::size_t kOverhead = 1024;
// Of the bound in bytes: what was more than this is worth to be given back.
constexpr std::size_t kRelief = 8;

// What clients have sent and is not answered.
struct Usage {
  std::size_t commands = 0;
  std::size_t bytes = 0;
  std::size_t worth = 0;  // bytes from which on `relieved` is called
  bool was_worth = false;
  std::function<void()> relieved;
};

struct Operation {
  Operation() = default;
  ~Operation() { count_out(); }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  void count_in(const std::shared_ptr<Usage>& of, std::size_t bytes);
  void count_out();

  Command command;
  std::shared_ptr<Pending::Control> control;
  std::uint64_t number = 0;      // order of submit()
  std::uint64_t wait_over = 0;   // on Host's clock
  bool written = false;          // at least once, and its outcome is unknown
  bool whole = false;            // last sent with the script's source
  std::size_t reading = 0;       // bytes that it counts as while it is in flight
  std::shared_ptr<Usage> usage;  // null: not counted
  std::size_t cost = 0;
};

void Operation::count_in(const std::shared_ptr<Usage>& of, std::size_t bytes) {
  usage = of;
  cost = bytes;
  ++usage->commands;
  usage->bytes += bytes;
  usage->was_worth = usage->was_worth || usage->bytes >= usage->worth;
}

void Operation::count_out() {
  if (usage) {
    --usage->commands;
    usage->bytes -= cost;
    if (usage->commands == 0 && std::exchange(usage->was_worth, false) && usage->relieved) {
      usage->relieved();
    }
  }
}

std::size_t cost_of(const Command& command) {
  std::size_t bytes = kOverhead + command.held;
  for (const std::string& argument : command.arguments) {
    bytes += argument.size() + sizeof(std::string);
  }
  return bytes;
}

using OperationPtr = std::shared_ptr<Operation>;

// The waiting commands that have the same `wait`: oldest first, so also first to be over.
struct Lane {
  Milliseconds wait;
  std::deque<OperationPtr> operations;
};

// The reads of one Sender.
struct Turns {
  std::size_t in_flight = 0;  // bytes
  std::deque<OperationPtr> waiting;
};

}  // namespace

class Client::Impl final : public LinkObserver, public std::enable_shared_from_this<Impl> {
 public:
  Impl(Host& host, Options options)
      : host_(host),
        max_pending_(options.max_pending),
        max_bytes_(options.max_pending_bytes),
        max_read_bytes_(options.max_read_bytes),
        link_(host, std::move(options.link), *this),
        wait_timer_(host.timer(TimerKind::kHolding, [this] { expire(); })) {
    usage_->worth = max_bytes_ / kRelief;
    usage_->relieved = std::move(options.relieved);
  }
  ~Impl() { usage_->relieved = nullptr; }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Link& link() { return link_; }
  [[nodiscard]] std::size_t outstanding() const { return *listeners_; }
  [[nodiscard]] bool busy() const { return depth_ > 0; }

  [[nodiscard]] bool takes(std::size_t bytes) const {
    return usage_->commands < max_pending_ &&
           (usage_->commands == 0 || usage_->bytes + bytes <= max_bytes_);
  }
  Pending submit(Command command, Completion completion);
  void stop();
  void on_change(std::function<void(bool)> changed) { changed_ = std::move(changed); }

  void on_link_ready() override;
  void on_link_lost(std::string_view) override { tell(false); }

 private:
  // Counts the functions of this object that are on the stack: see ~Client().
  struct Guard {
    explicit Guard(Impl& impl) : depth(impl.depth_) { ++depth; }
    ~Guard() { --depth; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    int& depth;
  };

  void tell(bool ready);
  bool admit(Operation& operation);
  [[nodiscard]] bool has_room(const Operation& operation) const;
  void dispatch(const OperationPtr& operation);
  void hold(const OperationPtr& operation);
  void start(const OperationPtr& operation);
  void next_turns(Turns& turns);
  void end_turn(Operation& operation);
  Turns& turns_of(const Operation& operation);
  void send(const OperationPtr& operation);
  void send_source(const OperationPtr& operation);
  void write(const OperationPtr& operation, std::span<const std::string_view> arguments);
  void answered(const OperationPtr& operation, Result<Reply> result);
  void wait_or_fail(const OperationPtr& operation, const Error& error);
  void park(const OperationPtr& operation);
  void waits(const Operation& operation, bool begins);
  void fail_later(const OperationPtr& operation, std::string why);
  OperationPtr take_oldest();
  void expire();
  void arm();
  static Error over(const Operation& operation, const std::string& why);

  Host& host_;
  std::size_t max_pending_;
  std::size_t max_bytes_;
  std::size_t max_read_bytes_;
  Turns client_turns_;
  Turns product_turns_;
  std::shared_ptr<Usage> usage_ = std::make_shared<Usage>();
  std::shared_ptr<std::size_t> listeners_ = std::make_shared<std::size_t>(0);
  Link link_;
  std::unique_ptr<Timer> wait_timer_;
  std::vector<Lane> lanes_;  // as many as there are different waits: a handful
  std::size_t waiting_ = 0;
  std::size_t own_waiting_ = 0;  // of them, the product's
  std::optional<std::uint64_t> armed_for_;
  std::uint64_t next_number_ = 0;
  std::function<void(bool)> changed_;
  bool stopped_ = false;
  int depth_ = 0;
};

Pending Client::Impl::submit(Command command, Completion completion) {
  auto operation = std::make_shared<Operation>();
  operation->command = std::move(command);
  operation->control = std::make_shared<Pending::Control>(std::move(completion), listeners_);
  operation->number = next_number_++;
  operation->wait_over =
      host_.now_ms() + static_cast<std::uint64_t>(operation->command.wait.count());
  if (admit(*operation)) {
    dispatch(operation);
  } else {
    fail_later(operation, std::string(kTooMany));
  }
  return Pending(operation->control);
}

void Client::Impl::dispatch(const OperationPtr& operation) {
  if (link_.ready() && waiting_ == 0) {
    // In front of what waits nobody is sent: that would change the order.
    start(operation);
  } else {
    hold(operation);
  }
}

void Client::Impl::hold(const OperationPtr& operation) {
  if (stopped_ || operation->command.wait == Milliseconds{0} || !has_room(*operation)) {
    fail_later(operation, link_.last_error());
  } else {
    park(operation);
  }
}

// A client's command must fit into the bound beside the others. A single one always fits: how large
// it may be is somebody else's bound.
bool Client::Impl::admit(Operation& operation) {
  if (operation.command.sender == Sender::kProduct) {
    return true;
  }
  const std::size_t cost = cost_of(operation.command);
  const bool fits = takes(cost);
  if (fits) {
    operation.count_in(usage_, cost);
  }
  return fits;
}

// To wait. What is a client's was counted when it came.
bool Client::Impl::has_room(const Operation& operation) const {
  return operation.command.sender == Sender::kClient || own_waiting_ < max_pending_;
}

void Client::Impl::stop() {
  const Guard guard(*this);
  stopped_ = true;
  link_.stop();
  wait_timer_->disarm();
  armed_for_.reset();
  while (const OperationPtr operation = take_oldest()) {
    operation->control->complete(over(*operation, "the client is closed"));
  }
  for (Turns* turns : {&client_turns_, &product_turns_}) {
    for (const OperationPtr& operation : std::exchange(turns->waiting, {})) {
      operation->control->complete(over(*operation, "the client is closed"));
    }
  }
}

void Client::Impl::on_link_ready() {
  const Guard guard(*this);
  while (link_.ready()) {
    const OperationPtr operation = take_oldest();
    if (operation == nullptr) {
      break;
    }
    start(operation);
  }
  arm();
  tell(true);
}

void Client::Impl::tell(bool ready) {
  const Guard guard(*this);
  if (const auto changed = changed_) {  // a copy: it may be replaced, or we be destroyed, inside
    changed(ready);
  }
}

// ---- reads in turn ------------------------------------------------------------------------------

Turns& Client::Impl::turns_of(const Operation& operation) {
  return operation.command.sender == Sender::kClient ? client_turns_ : product_turns_;
}

void Client::Impl::start(const OperationPtr& operation) {
  if (operation->command.reads == 0) {
    send(operation);
  } else {
    Turns& turns = turns_of(*operation);
    turns.waiting.push_back(operation);
    next_turns(turns);
  }
}

// Those that nobody wants any more are not sent. A single one always fits.
void Client::Impl::next_turns(Turns& turns) {
  while (!turns.waiting.empty()) {
    const OperationPtr next = turns.waiting.front();
    const std::size_t bytes = std::max(next->command.reads, kLargeEntry);
    if (turns.in_flight > 0 && turns.in_flight + bytes > max_read_bytes_) {
      break;
    }
    turns.waiting.pop_front();
    if (next->control->done) {
      continue;
    }
    if (link_.ready()) {
      turns.in_flight += next->reading = bytes;
      send(next);
    } else {
      hold(next);
    }
  }
}

void Client::Impl::end_turn(Operation& operation) {
  if (operation.reading > 0) {
    Turns& turns = turns_of(operation);
    turns.in_flight -= std::exchange(operation.reading, 0);
    next_turns(turns);
  }
}

// ---- sending ------------------------------------------------------------------------------------

void Client::Impl::send(const OperationPtr& operation) {
  const auto& texts = operation->command.arguments;
  const std::vector<std::string_view> arguments(texts.begin(), texts.end());
  operation->whole = false;
  write(operation, arguments);
}

// Redis has forgotten the script since the link was made (SCRIPT FLUSH, a failover).
void Client::Impl::send_source(const OperationPtr& operation) {
  const auto& texts = operation->command.arguments;
  std::vector<std::string_view> arguments(texts.begin(), texts.end());
  arguments[0] = "EVAL";
  arguments[1] = operation->command.script->source;
  operation->whole = true;
  write(operation, arguments);
}

void Client::Impl::write(const OperationPtr& operation,
                         std::span<const std::string_view> arguments) {
  link_
      .send(
          arguments,
          [weak = weak_from_this(), operation](Result<Reply> result) {
            if (const auto self = weak.lock()) {
              self->answered(operation, std::move(result));
            }
          },
          operation->command.timeout, operation)
      .release();
}

void Client::Impl::answered(const OperationPtr& operation, Result<Reply> result) {
  const Guard guard(*this);
  end_turn(*operation);
  if (!result.ok()) {
    wait_or_fail(operation, result.error());
  } else if (result->error_code() == "NOSCRIPT" && operation->command.script != nullptr &&
             operation->command.arguments.size() > 1 && !operation->whole) {
    if (link_.ready()) {
      send_source(operation);
    } else {
      wait_or_fail(operation, {ErrorKind::kUnavailable, link_.last_error()});
    }
  } else {
    operation->control->complete(std::move(result));
  }
}

// ---- waiting ------------------------------------------------------------------------------------

void Client::Impl::wait_or_fail(const OperationPtr& operation, const Error& error) {
  if (error.kind == ErrorKind::kUnknownOutcome) {
    operation->written = true;
  }
  const bool may_repeat = !operation->written || operation->command.repeat == Repeat::kSafe;
  if (may_repeat && !stopped_ && has_room(*operation) && host_.now_ms() < operation->wait_over) {
    park(operation);
  } else {
    operation->control->complete(over(*operation, error.message));
  }
}

void Client::Impl::park(const OperationPtr& operation) {
  auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& candidate) {
    return candidate.wait == operation->command.wait;
  });
  if (lane == lanes_.end()) {
    lane = lanes_.insert(lanes_.end(), Lane{operation->command.wait, {}});
  }
  // At the end, but for one that comes back after a later one was submitted.
  auto place = lane->operations.end();
  while (place != lane->operations.begin() && (*std::prev(place))->number > operation->number) {
    --place;
  }
  lane->operations.insert(place, operation);
  waits(*operation, true);
  arm();
}

void Client::Impl::waits(const Operation& operation, bool begins) {
  const std::size_t own = operation.command.sender == Sender::kProduct ? 1 : 0;
  waiting_ = begins ? waiting_ + 1 : waiting_ - 1;
  own_waiting_ = begins ? own_waiting_ + own : own_waiting_ - own;
}

OperationPtr Client::Impl::take_oldest() {
  Lane* oldest = nullptr;
  for (Lane& lane : lanes_) {
    if (!lane.operations.empty() && (oldest == nullptr || lane.operations.front()->number <
                                                              oldest->operations.front()->number)) {
      oldest = &lane;
    }
  }
  if (oldest == nullptr) {
    return nullptr;
  }
  OperationPtr operation = std::move(oldest->operations.front());
  oldest->operations.pop_front();
  waits(*operation, false);
  return operation;
}

void Client::Impl::expire() {
  const Guard guard(*this);
  armed_for_.reset();
  const std::uint64_t now = host_.now_ms();
  std::deque<OperationPtr> expired;  // told last: a completion may submit
  for (Lane& lane : lanes_) {
    while (!lane.operations.empty() && lane.operations.front()->wait_over <= now) {
      expired.push_back(std::move(lane.operations.front()));
      lane.operations.pop_front();
      waits(*expired.back(), false);
    }
  }
  arm();
  const std::string why = link_.last_error().empty() ? "no link to Redis" : link_.last_error();
  for (const OperationPtr& operation : expired) {
    operation->control->complete(over(*operation, why));
  }
}

void Client::Impl::arm() {
  std::optional<std::uint64_t> first;
  for (const Lane& lane : lanes_) {
    if (!lane.operations.empty()) {
      const std::uint64_t over = lane.operations.front()->wait_over;
      first = std::min(first.value_or(over), over);
    }
  }
  if (first == armed_for_) {
    return;
  }
  armed_for_ = first;
  if (first) {
    const std::uint64_t now = host_.now_ms();
    wait_timer_->arm(Milliseconds{*first > now ? *first - now : 0});
  } else {
    wait_timer_->disarm();
  }
}

void Client::Impl::fail_later(const OperationPtr& operation, std::string why) {
  host_.post([operation, why = std::move(why)] {
    operation->control->complete(over(*operation, why.empty() ? "no link to Redis" : why));
  });
}

Error Client::Impl::over(const Operation& operation, const std::string& why) {
  return {operation.written ? ErrorKind::kUnknownOutcome : ErrorKind::kUnavailable, why};
}

// ---- Client -------------------------------------------------------------------------------------

Client::Client(Host& host, Options options)
    : host_(host), impl_(std::make_shared<Impl>(host, std::move(options))) {}

Client::~Client() {
  impl_->on_change(nullptr);
  impl_->stop();
  if (impl_->busy()) {
    host_.post([impl = std::move(impl_)] {});
  }
}

void Client::start() { impl_->link().start(); }
void Client::stop() { impl_->stop(); }
bool Client::ready() const { return impl_->link().ready(); }
const std::string& Client::last_error() const { return impl_->link().last_error(); }
std::size_t Client::outstanding() const { return impl_->outstanding(); }
bool Client::takes(const Command& command) const { return impl_->takes(cost_of(command)); }
void Client::reset(std::string_view why) { impl_->link().reset(why); }

Pending Client::submit(Command command, Completion completion) {
  return impl_->submit(std::move(command), std::move(completion));
}

void Client::on_change(std::function<void(bool ready)> observer) {
  impl_->on_change(std::move(observer));
}

}  // namespace notify::redis
