#include "ngx_notify_module/stream/multi_session.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/stream/sessions.hpp"

namespace notify {
namespace {

constexpr std::uint64_t kHeadDelayMs = 250;

// Smaller frames are copied behind each other; larger ones stay shared with other clients.
constexpr std::size_t kCopied = 4 * 1024;

}  // namespace

class MultiSession::Strand final : public hub::Sink {
 public:
  Strand(MultiSession& session, std::string_view stream)
      : session_(session), tag_(stream_tag(stream)) {}

  hub::Flow attached() override { return session_.attached(); }
  hub::Flow deliver(std::span<const BytesRef> pieces) override {
    return session_.send(pieces);  // no format of ours leads here
  }
  hub::Flow deliver_each(std::span<const hub::Placed> frames) override {
    return session_.deliver(*this, frames);
  }

  [[nodiscard]] const std::string& tag() const { return tag_; }
  std::unique_ptr<hub::Subscriber> subscriber;

 private:
  MultiSession& session_;
  std::string tag_;
};

MultiSession::MultiSession(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
                           const OpenFormat& format, OutChain& out, Session::Report report)
    : Outlet(sessions, r, conf, out, report.close_reason),
      format_(format),
      resume_(report.resume) {}

MultiSession::~MultiSession() { report_resume(); }

void MultiSession::start(std::span<const WantedStream> streams) {
  begin(kHeadDelayMs);
  for (const WantedStream& wanted : streams) {
    strands_.push_back(std::make_unique<Strand>(*this, wanted.key));
    Strand& strand = *strands_.back();
    strand.subscriber = sessions().hub().join(wanted.key, format_, strand, wanted.start);
  }
}

hub::Flow MultiSession::attached() {
  if (++attached_ < strands_.size()) {
    return over() ? hub::Flow::kClosed : hub::Flow::kBlocked;
  }
  if (open() == hub::Flow::kClosed) {
    return hub::Flow::kClosed;
  }
  // From here on the client can come back, though it may not have seen an event yet.
  const BytesRef place(format_.place(format_composite_id(places())));
  if (place->size() == 0 ? !blocked() : send(std::span(&place, 1)) == hub::Flow::kOpen) {
    serve_all();
  }
  return flow();
}

hub::Flow MultiSession::deliver(const Strand& strand, std::span<const hub::Placed> frames) {
  if (over()) {
    return hub::Flow::kClosed;
  }
  std::vector<StreamPosition> places = this->places();
  auto own = std::find_if(places.begin(), places.end(),
                          [&](const StreamPosition& each) { return each.tag == strand.tag(); });
  if (own == places.end()) {
    own = places.insert(own, {strand.tag(), {}});
  }
  std::vector<BytesRef> pieces;
  std::string text;
  for (const hub::Placed& frame : frames) {
    own->position = frame.position;
    const bool open = format_.is_open(frame.bytes->view());
    const std::string id = open ? format_composite_id(places) : std::string();
    if (open) {
      format_.begin(text, id, frame.bytes->size());
    }
    if (frame.bytes->size() > kCopied) {
      if (!text.empty()) {
        pieces.emplace_back(std::exchange(text, {}));
      }
      pieces.push_back(frame.bytes);
    } else {
      text += frame.bytes->view();
    }
    if (open) {
      format_.end(text, id);
    }
  }
  if (!text.empty()) {
    pieces.emplace_back(std::move(text));
  }
  if (send(pieces) == hub::Flow::kBlocked) {
    for (const auto& each : strands_) {
      if (each->subscriber != nullptr) {
        each->subscriber->hold();
      }
    }
  }
  return flow();
}

std::vector<StreamPosition> MultiSession::places() const {
  using Debt = hub::Subscriber::Debt;
  std::vector<StreamPosition> places;
  places.reserve(strands_.size());
  for (const auto& strand : strands_) {
    if (strand->subscriber == nullptr || strand->subscriber->debt() == Debt::kLatest) {
      continue;  // to be given the latest again: as if the stream were new to it
    }
    places.push_back({strand->tag(), strand->subscriber->position()});
    if (strand->subscriber->debt() == Debt::kUnknown) {
      places.back().position.reset();
    }
  }
  return places;
}

// Each in its turn, until the socket is full again. What is called here may close this session.
void MultiSession::serve_all() {
  const std::size_t count = strands_.size();
  for (std::size_t i = 0; i < count; ++i) {
    Strand& strand = *strands_[(turn_ + i) % count];
    if (strand.subscriber != nullptr) {
      sessions().hub().drained(*strand.subscriber);
    }
    if (flow() != hub::Flow::kOpen) {
      turn_ = (turn_ + i + 1) % count;
      return;
    }
  }
}

hub::Flow MultiSession::flow() const {
  if (over()) {
    return hub::Flow::kClosed;
  }
  return blocked() ? hub::Flow::kBlocked : hub::Flow::kOpen;
}

void MultiSession::drained() {
  if (attached_ == strands_.size()) {
    serve_all();
  }
}

void MultiSession::leave() {
  report_resume();
  for (const auto& strand : strands_) {
    strand->subscriber.reset();
  }
}

// The worst of them: a gap, if there was one anywhere.
void MultiSession::report_resume() {
  auto worst = hub::Resume::kPending;
  for (const auto& strand : strands_) {
    if (strand->subscriber != nullptr) {
      worst = std::max(worst, strand->subscriber->resume());
    }
  }
  if (worst != hub::Resume::kPending) {
    resume_ = resume_text(worst);
  }
}

}  // namespace notify
