#include "ngx_notify_module/hub/channel.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/base/intrusive.hpp"

namespace notify::hub {

Channel::Channel(Core& core, std::string_view stream)
    : core_(core),
      stream_(stream),
      id_(core.reads.next_ticket()),
      ring_(core.limits.ring_entries, core.limits.ring_bytes),
      early_(core.limits.early_entries, core.limits.early_bytes),
      lead_(ring_) {
  ++core_.figures.channels;
  core_.round.push_back(*this);
}

Channel::~Channel() {
  detach_all();
  core_.reads.forget(*this);
  --core_.figures.channels;
  if (Hook<IdleTag>::linked()) {
    --core_.idle_channels;
  }
}

void Channel::move(State next) {
  state_ = next;
  if (live()) {
    wake_waiting();
  } else {
    waiting_.splice(arriving_);
  }
}

// ---- upstream -----------------------------------------------------------------------------------

void Channel::on_subscribed() {
  if (state_ == State::kSubscribing) {
    core_.figures.catch_ups += positioned_ ? 1 : 0;
    move(positioned_ ? State::kCatchingUp : State::kPositioning);
    order_read();
  }
}

void Channel::on_lost() {
  core_.reads.forget(*this);
  early_.clear();
  read_after_walk_ = false;
  move(State::kSubscribing);
}

void Channel::on_bell(EntryId prev, EntryId id, Entry* entry) {
  if (state_ == State::kSubscribing) {
    return;  // the read that follows the confirmation will bring it
  }
  if (!live()) {
    early_.keep(prev, id, entry);
  } else if (id <= ring_.top()) {
    if (!ring_.holds(id)) {
      note_reset(prev);
      suspect();
    }
  } else if (prev == ring_.top() && entry != nullptr) {
    append(Frame(std::move(*entry), core_.now_ms));
  } else {
    catch_up();
  }
}

void Channel::on_behind() {
  if (live()) {
    catch_up();
  }
}

void Channel::suspect() {
  suspected_ = true;
  if (live() && core_.now_ms - verified_ms_ >= core_.limits.suspect_ms) {
    catch_up();
  }
}

bool Channel::check() {
  const Limits& limits = core_.limits;
  pieces_.clear();
  ring_.drop_before(core_.now_ms - std::min(core_.now_ms, limits.ring_ms));
  if (!live() || idle()) {
    return false;  // who joins an idle channel has it read first
  }
  // A position check does not see that a stream was made anew with lower ids; a read does. Spread,
  // since after an outage all channels were read at the same time.
  const std::uint64_t period =
      limits.verify_rate == 0
          ? limits.verify_ms
          : std::clamp(1000 * core_.figures.channels / limits.verify_rate,
                       std::min(2 * limits.check_ms, limits.verify_ms), limits.verify_ms);
  const std::uint64_t spread = id_ * 2'654'435'761U % (period / 2 + 1);
  const std::uint64_t age = core_.now_ms - verified_ms_;
  if (age >= (suspected_ ? limits.suspect_ms : period - spread)) {
    catch_up();
    return false;
  }
  return true;
}

void Channel::stall() { core_.stalled.push_back(*this); }

void Channel::retry() {
  if (live()) {
    wake_waiting();
  } else if (state_ != State::kSubscribing && !reading() && !read_after_walk_) {
    order_read();
  }
}

void Channel::note_reset(EntryId prev) {
  if (!reset_prev_) {
    reset_prev_ = prev;
  }
}

// ---- reading ------------------------------------------------------------------------------------

void Channel::catch_up() {
  ++core_.figures.catch_ups;
  move(State::kCatchingUp);
  order_read();
}

void Channel::order_read() {
  verified_ms_ = core_.now_ms;
  suspected_ = false;
  early_.covered();
  core_.reads.order(*this, Reads::Urgency::kFirst);
}

Reader::Wish Channel::wish() const {
  if (state_ == State::kPositioning) {
    return {stream_, EntryId{}, 0};
  }
  return {stream_, ring_.top(), core_.limits.page_entries};
}

void Channel::on_page(Result<Page> page) {
  if (!page) {
    stall();
    return;
  }
  if (state_ == State::kPositioning) {
    positioned_ = true;
    ring_.start(page->last_generated);
    added_ = page->exists ? page->added : 0;
    move(State::kCatchingUp);
  } else if (!absorb(*page)) {
    return;
  }
  if (merge_early()) {
    move(State::kLive);
  }
}

bool Channel::absorb(Page& page) {
  const EntryId top = ring_.top();
  const Loss loss = loss_after(top, added_, page);
  if (loss == Loss::kAhead) {
    begin_anew(page);
    return false;
  }
  reset_prev_.reset();
  if (loss != Loss::kNone) {
    ++core_.figures.gaps;
    append(Frame(loss, top, position_after(loss, page), core_.now_ms));
    added_ = -1;  // until the end is read
  }
  for (Entry& entry : page.entries) {
    if (entry.id > ring_.top()) {
      append(Frame(std::move(entry), core_.now_ms));
    }
  }
  if (page.more && ring_.top() != top) {
    read_after_walk_ = true;
    schedule();
    return false;
  }
  ring_.raise(page.last_generated);
  added_ = page.exists ? page.added : 0;
  return true;
}

// The stream ends before our position: it was deleted, or Redis lost its end. Goes on from its top,
// or from before the bell that told of it.
void Channel::begin_anew(const Page& page) {
  EntryId go_on = page.last_generated;
  if (const auto prev = std::exchange(reset_prev_, std::nullopt)) {
    go_on = std::min(go_on, *prev);
  }
  ++core_.figures.gaps;
  added_ = -1;
  append(Frame(Loss::kAhead, ring_.top(), go_on, core_.now_ms));
  order_read();
}

bool Channel::merge_early() {
  bool complete = early_.uncover();
  for (EarlyBells::Bell& bell : early_.bells()) {
    if (!complete) {
      break;
    }
    if (bell.id <= ring_.top()) {
      if (!ring_.holds(bell.id) && ring_.count() > 0) {
        note_reset(bell.prev);
        suspected_ = true;
      }
    } else if (bell.prev == ring_.top() && bell.entry) {
      append(Frame(std::move(*bell.entry), core_.now_ms));
    } else {
      complete = false;
    }
  }
  if (!complete) {
    order_read();  // covers what is left of them
    return false;
  }
  early_.clear();
  return true;
}

void Channel::append(Frame frame) {
  if (frame.loss() == Loss::kNone && added_ >= 0) {
    ++added_;
  }
  ring_.append(std::move(frame));
  schedule();
}

// ---- downstream ---------------------------------------------------------------------------------

void Channel::join(Subscriber& subscriber) {
  ++core_.figures.subscribers;
  const bool first = subscribers_++ == 0;
  if (Hook<IdleTag>::linked()) {
    Hook<IdleTag>::unlink();
    --core_.idle_channels;
  }
  waiting_.push_back(subscriber);
  if (live() && first) {
    catch_up();  // nobody has checked it for a while
  } else if (live()) {
    arriving_.push_back(subscriber);
    schedule();
  }
}

void Channel::leave() {
  --core_.figures.subscribers;
  if (--subscribers_ == 0) {
    idle_since_ms_ = core_.now_ms;
    core_.idle.push_back(*this);
    ++core_.idle_channels;
  }
}

void Channel::put(Subscriber& subscriber, Subscriber::State state) {
  switch (state) {
    case Subscriber::State::kSubscribing:
      waiting_.push_back(subscriber);
      break;
    case Subscriber::State::kReplaying:
      replaying_.push_back(subscriber);
      break;
    case Subscriber::State::kLive:
      live_.push_back(subscriber);
      break;
    case Subscriber::State::kClosed:
      break;
  }
}

void Channel::schedule() {
  if (!Hook<DueTag>::linked()) {
    core_.due.push_back(*this);
  }
  core_.wake();
}

void Channel::revisit() {
  rewalk_ = true;
  schedule();
}

void Channel::wake_waiting() {
  if (!waiting_.empty()) {
    arriving_.splice(waiting_);
    schedule();
  }
}

void Channel::end_lead() {
  lead_.end();
  if (live()) {
    wake_waiting();
  }
}

bool Channel::turn(Budget& budget) {
  while (!arriving_.empty()) {
    if (budget.spent()) {
      return true;
    }
    budget.spend(Budget::kDelivery);
    arriving_.front().arrive(budget);
  }
  while (!budget.spent()) {
    if (!cursor_.linked()) {
      if (walk_head_ == ring_.head() && !rewalk_) {
        pieces_.clear();
        if (std::exchange(read_after_walk_, false)) {
          order_read();
        }
        return false;
      }
      walk_head_ = ring_.head();
      rewalk_ = false;
      live_.begin(cursor_);
    }
    if (Subscriber* subscriber = live_.step(cursor_)) {
      budget.spend(1);
      subscriber->serve(budget);
    }
  }
  return true;
}

void Channel::detach_all() {
  for (auto* list : {&waiting_, &arriving_, &replaying_, &live_}) {
    cursor_.unlink();
    while (!list->empty()) {
      list->front().detach();
    }
  }
}

}  // namespace notify::hub
