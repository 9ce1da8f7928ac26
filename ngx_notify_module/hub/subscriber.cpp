#include "ngx_notify_module/hub/subscriber.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "ngx_notify_module/hub/channel.hpp"

namespace notify::hub {

class Subscriber::Visit {
 public:
  explicit Visit(Subscriber& subscriber)
      : subscriber_(&subscriber), outer_(std::exchange(subscriber.visit_, this)) {}
  ~Visit() {
    if (subscriber_ != nullptr) {
      subscriber_->visit_ = outer_;
    }
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  [[nodiscard]] bool alive() const { return subscriber_ != nullptr; }
  void end() {
    for (Visit* visit = this; visit != nullptr; visit = visit->outer_) {
      visit->subscriber_ = nullptr;
    }
  }

 private:
  Subscriber* subscriber_;
  Visit* outer_;
};

struct Subscriber::Progress {
  std::string text;            // of a format that has no wish
  std::vector<Placed> frames;  // of one that wants them one by one
  std::size_t bytes = 0;
  bool moved = false;
  bool end = false;  // the stream held no more
};

// ---- life ---------------------------------------------------------------------------------------

Subscriber::Subscriber(Channel& channel, const Format& format, Sink& sink, const Start& start)
    : channel_(&channel),
      format_(&format),
      sink_(&sink),
      position_(start.after),
      latest_ms_(start.latest_ms),
      seeks_(start.from == Start::From::kAfter ? 0 : start.latest),
      from_(start.from) {
  state_ = State::kSubscribing;
  channel.join(*this);
}

Subscriber::~Subscriber() {
  if (visit_ != nullptr) {
    visit_->end();
  }
  move(State::kClosed);
}

void Subscriber::detach() { move(State::kClosed); }

void Subscriber::move(State next) {
  if (state_ == State::kClosed) {
    return;
  }
  Core& core = channel_->core();
  core.reads.forget(*this);
  core.figures.replaying -= state_ == State::kReplaying ? 1 : 0;
  core.figures.replaying += next == State::kReplaying ? 1 : 0;
  state_ = next;
  if (next != State::kReplaying && channel_->lead().is(*this)) {
    channel_->end_lead();
  }
  if (next == State::kClosed) {
    unlink();
    std::exchange(channel_, nullptr)->leave();
  } else {
    channel_->put(*this, next);
  }
}

// ---- Subscribing --------------------------------------------------------------------------------

void Subscriber::arrive(Budget& budget) {
  move(State::kReplaying);
  if (!attached_) {
    begin();
    if (!call([this] { return sink_->attached(); })) {
      return;
    }
  }
  go_on(budget);
}

void Subscriber::begin() {
  const Ring& ring = channel_->ring();
  attached_ = true;
  epoch_ = ring.epoch();
  if (from_ == Start::From::kAfter) {
    return;
  }
  position_ = ring.top();
  if (from_ == Start::From::kUnknown) {
    owed_ = Loss::kUnknown;
  } else {
    resume_ = Resume::kNew;
  }
}

// ---- Replaying ----------------------------------------------------------------------------------

void Subscriber::go_on(Budget& budget) {
  if (state_ != State::kReplaying || blocked_ || reading()) {
    return;
  }
  const Ring& ring = channel_->ring();
  if (owed_ != Loss::kNone && (!pay_owed() || blocked_)) {
    return;
  }
  if (epoch_ != ring.epoch()) {
    // Ids began anew since, and ours mean nothing any more. One that the client brought, and that
    // nothing was made of yet, is judged as if it came now.
    epoch_ = ring.epoch();
    owed_ = resume_ == Resume::kPending ? Loss::kNone : Loss::kAhead;
    if (owed_ != Loss::kNone && (!pay_owed() || blocked_)) {
      return;
    }
  }
  if (seeks_ > 0) {
    seek();
  } else if (ring.covers(position_)) {
    resume_ = resume_ == Resume::kPending ? Resume::kRing : resume_;
    enter_ring(budget);
  } else {
    replay();
  }
}

bool Subscriber::pay_owed() {
  const Loss loss = std::exchange(owed_, Loss::kNone);
  const Ring& ring = channel_->ring();
  const EntryId after = loss == Loss::kUnknown ? EntryId{} : position_;
  if (loss == Loss::kAhead) {
    position_ = ring.epoch_start();
  }
  resume_ = resume_ == Resume::kPending ? Resume::kGap : resume_;
  ++channel_->core().figures.gaps;
  Progress progress;
  put(progress, position_, format_->gap(channel_->stream(), reason(loss), after, position_));
  return send(std::move(progress));
}

void Subscriber::enter_ring(Budget& budget) {
  next_ = channel_->ring().after(position_);
  move(State::kLive);
  serve(budget);
}

void Subscriber::replay() {
  Lead& lead = channel_->lead();
  if (!lead.is(*this)) {
    if (lead.covers(position_)) {
      move(State::kSubscribing);  // until it is read
      return;
    }
    lead.begin(*this, position_);
  }
  read_top_ = channel_->ring().top();
  channel_->core().reads.order(*this, Reads::Urgency::kInTurn);
}

void Subscriber::seek() {
  read_top_ = channel_->ring().top();
  channel_->core().reads.order(*this, Reads::Urgency::kInTurn);
}

Reader::Wish Subscriber::wish() const {
  if (seeks_ > 0) {
    return {channel_->stream(), EntryId{}, seeks_, latest_ms_};
  }
  return {channel_->stream(), position_, channel_->core().limits.page_entries};
}

void Subscriber::on_page(Result<Page> page) {
  if (!page) {
    if (channel_->lead().is(*this)) {
      channel_->lead().end();  // and nobody is woken: all try again at the next tick
    }
    channel_->stall();
    move(State::kSubscribing);
    return;
  }
  Budget budget(4);
  if (blocked_) {  // by somebody else: read again when the socket has room
    if (channel_->lead().is(*this)) {
      channel_->end_lead();
    }
    return;
  }
  if (epoch_ != channel_->ring().epoch()) {
    go_on(budget);
    return;
  }
  if (page->last_generated < read_top_) {
    wait_for_verdict();
    return;
  }
  Progress progress = seeks_ > 0 ? take_latest(*page) : take(*page);
  if (channel_->lead().is(*this) && channel_->lead().reach(position_)) {
    channel_->end_lead();
  }
  const bool end = progress.end;
  const bool moved = progress.moved;
  if (progress.bytes > 0 && !send(std::move(progress))) {
    return;
  }
  if (blocked_) {
    if (channel_->lead().is(*this)) {
      channel_->end_lead();  // nobody is to wait for a slow client
    }
  } else if (end && position_ >= channel_->ring().floor()) {
    enter_ring(budget);  // also from beyond its top: then the channel will learn of it
  } else if (end && !moved) {
    wait_for_verdict();
  } else {
    go_on(budget);
  }
}

// The stream ends before what the ring remembers: its ids began anew, and the channel has not
// noticed. It is to find out first, so that all are told the same.
void Subscriber::wait_for_verdict() {
  Channel& channel = *channel_;
  move(State::kSubscribing);
  channel.suspect();
}

Subscriber::Progress Subscriber::take(const Page& page) {
  Core& core = channel_->core();
  Lead* lead = channel_->lead().is(*this) ? &channel_->lead() : nullptr;
  Progress progress;
  EntryId reached = position_;
  const Loss loss = loss_after(position_, -1, page);
  if (loss != Loss::kNone) {
    reached = position_after(loss, page);
    put(progress, reached, format_->gap(channel_->stream(), reason(loss), position_, reached));
    progress.moved = true;
    ++core.figures.gaps;
    if (lead != nullptr) {
      lead->refuse();
    }
  }
  if (resume_ == Resume::kPending) {
    resume_ = loss == Loss::kNone ? Resume::kReplayed : Resume::kGap;
  }
  bool all = true;
  for (const Entry& entry : page.entries) {
    if (entry.id <= reached) {
      continue;
    }
    std::string text = format_->entry(channel_->stream(), entry);
    if (progress.bytes > 0 && progress.bytes + text.size() > core.limits.batch_bytes) {
      all = false;
      break;
    }
    put(progress, entry.id, std::move(text));
    reached = entry.id;
    ++core.figures.delivered;
    if (lead != nullptr) {
      lead->add(entry, core.now_ms);
    }
  }
  progress.end = all && !page.more;
  if (progress.end) {
    reached = std::max(reached, page.last_generated);
  }
  progress.moved = progress.moved || reached != position_;
  position_ = reached;
  return progress;
}

// What was before the channel began, in one read; everything behind it will follow.
Subscriber::Progress Subscriber::take_latest(const Page& page) {
  Progress progress;
  for (const Entry& entry : page.entries) {
    put(progress, entry.id, format_->entry(channel_->stream(), entry));
    ++channel_->core().figures.delivered;
  }
  seeks_ = 0;
  progress.end = true;
  progress.moved = true;
  position_ = page.last_generated;
  return progress;
}

void Subscriber::put(Progress& progress, EntryId position, std::string text) const {
  if (text.empty()) {
    return;
  }
  progress.bytes += text.size();
  if (format_->one_by_one()) {
    progress.frames.push_back({BytesRef(std::move(text)), position});
  } else {
    progress.text += text;
  }
}

// ---- Live ---------------------------------------------------------------------------------------

void Subscriber::serve(Budget& budget) {
  while (state_ == State::kLive && !blocked_ && next_ < channel_->ring().head()) {
    if (next_ < channel_->ring().first()) {
      ++channel_->core().figures.fell_behind;
      move(State::kReplaying);
      go_on(budget);
      return;
    }
    if (budget.spent()) {
      channel_->revisit();
      return;
    }
    if (format_->one_by_one()) {
      budget.spend(Budget::kDelivery);
      if (!send_each()) {
        return;
      }
      continue;
    }
    std::array<BytesRef, kMaxPieces> pieces;
    const std::size_t count = collect(pieces);
    if (count > 0) {
      budget.spend(Budget::kDelivery);
      if (!send(std::span<const BytesRef>(pieces.data(), count))) {
        return;
      }
    }
  }
}

// Beyond what it has replayed already.
void Subscriber::skip_replayed() {
  Ring& ring = channel_->ring();
  while (next_ < ring.head() && ring.at(next_).position() <= position_ &&
         ring.at(next_).loss() != Loss::kAhead) {
    ++next_;
  }
}

bool Subscriber::send_each() {
  skip_replayed();
  Core& core = channel_->core();
  Ring& ring = channel_->ring();
  std::vector<Placed> frames;
  std::size_t bytes = 0;
  for (; next_ < ring.head() && frames.size() < kMaxPlaced; ++next_) {
    BytesRef frame = channel_->frame(*format_, next_);
    if (!frames.empty() && bytes + frame->size() > core.limits.batch_bytes) {
      break;
    }
    if (next_ < ring.epoch() && ring.epoch() <= next_ + 1) {
      epoch_ = ring.epoch();
    }
    position_ = ring.at(next_).position();
    bytes += frame->size();
    ++core.figures.delivered;
    if (frame->size() > 0) {
      frames.push_back({std::move(frame), position_});
    }
  }
  return frames.empty() || call([&] { return sink_->deliver_each(frames); });
}

std::size_t Subscriber::collect(std::span<BytesRef> pieces) {
  Ring& ring = channel_->ring();
  const std::uint64_t head = ring.head();
  const std::size_t max_bytes = channel_->core().limits.batch_bytes;
  skip_replayed();
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (next_ < head && count < pieces.size()) {
    std::uint64_t end = next_;
    BytesRef piece = channel_->piece(*format_, end);
    if (count > 0 && bytes + piece->size() > max_bytes) {
      break;
    }
    channel_->core().figures.delivered += end - next_;
    if (next_ < ring.epoch() && ring.epoch() <= end) {
      epoch_ = ring.epoch();
    }
    next_ = end;
    position_ = ring.at(end - 1).position();
    bytes += piece->size();
    if (piece->size() > 0) {
      pieces[count++] = std::move(piece);
    }
  }
  return count;
}

void Subscriber::drained(Budget& budget) {
  blocked_ = false;
  if (state_ == State::kLive) {
    serve(budget);
  } else {
    go_on(budget);
  }
}

// ---- the sink -----------------------------------------------------------------------------------

template <class Call>
bool Subscriber::call(Call&& sink_call) {
  const Visit visit(*this);
  const Flow flow = sink_call();
  if (!visit.alive() || state_ == State::kClosed) {
    return false;
  }
  if (flow == Flow::kClosed) {
    move(State::kClosed);
    return false;
  }
  blocked_ = flow == Flow::kBlocked;
  return true;
}

bool Subscriber::send(std::span<const BytesRef> pieces) {
  return call([&] { return sink_->deliver(pieces); });
}

bool Subscriber::send(Progress progress) {
  if (format_->one_by_one()) {
    return call([&] { return sink_->deliver_each(progress.frames); });
  }
  const BytesRef piece(std::move(progress.text));
  return send(std::span<const BytesRef>(&piece, 1));
}

}  // namespace notify::hub
