#include "ngx_notify_module/request/turns.hpp"

#include <chrono>
#include <memory>

#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/runtime.hpp"

namespace notify {
namespace {

constexpr off_t kSmall = off_t{64} * 1024;
constexpr std::chrono::minutes kHold{1};

}  // namespace

// Its request's: a request that ends before its turn leaves the line.
class BodyTurns::Waiting {
 public:
  Waiting(BodyTurns& turns, ngx_http_request_t* r, void (*handle)(ngx_http_request_t*))
      : turns_(turns), r_(r), handle_(handle) {
    place_ = turns_.waiting_.insert(turns_.waiting_.end(), this);
    turns_.next_.post();
    turns_.hold_on();
  }
  ~Waiting() {
    if (runtime != nullptr) {  // else the line is no more
      leave();
    }
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void run() {
    leave();
    ngx_connection_t* connection = r_->connection;
    handle_(r_);  // this may be gone now, and the request with it
    ngx_http_run_posted_requests(connection);
  }

 private:
  void leave() {
    if (!waits_) {
      return;
    }
    waits_ = false;
    turns_.waiting_.erase(place_);
    if (turns_.waiting_.empty()) {
      turns_.hold_.disarm();
      turns_.next_.cancel();
    }
  }

  BodyTurns& turns_;
  ngx_http_request_t* r_;
  void (*handle_)(ngx_http_request_t*);
  std::list<Waiting*>::iterator place_;
  bool waits_ = true;
};

BodyTurns::BodyTurns()
    : next_([this] { run_first(); }), hold_(EventTimer::kHolding, [this] { hold_on(); }) {}

bool BodyTurns::wait(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*)) {
  return adopt(r->pool, std::make_unique<Waiting>(*this, r, handle)) != nullptr;
}

void BodyTurns::hold_on() { hold_.arm(kHold); }

void BodyTurns::run_first() {
  if (waiting_.size() > 1) {
    next_.post();
  }
  if (!waiting_.empty()) {
    waiting_.front()->run();
  }
}

void in_turn(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*)) {
  // Without memory to wait it has its turn now.
  if (received_bytes(r) <= kSmall || !runtime->body_turns().wait(r, handle)) {
    handle(r);
  }
}

}  // namespace notify
