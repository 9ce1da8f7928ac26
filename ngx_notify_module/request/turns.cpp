#include "ngx_notify_module/request/turns.hpp"

#include <chrono>
#include <list>
#include <memory>

#include "ngx_notify_module/ngx/event.hpp"

namespace notify {
namespace {

constexpr off_t kSmall = off_t{64} * 1024;

class Waiting;

constexpr std::chrono::minutes kHold{1};

void run_first();
void hold_on();

// Those of this worker that wait. A worker that shuts down stays for as long as it has a timer.
struct Line {
  std::list<Waiting*> waiting;
  NextTurn next{&run_first};
  EventTimer hold{EventTimer::kHolding, &hold_on};
};

Line& line() {
  static Line only;
  return only;
}

// Its request's: a request that ends before its turn leaves the line.
class Waiting {
 public:
  Waiting(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*)) : r_(r), handle_(handle) {
    Line& all = line();
    place_ = all.waiting.insert(all.waiting.end(), this);
    all.next.post();
    hold_on();
  }
  ~Waiting() { leave(); }
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
    Line& all = line();
    all.waiting.erase(place_);
    if (all.waiting.empty()) {
      all.hold.disarm();
      all.next.cancel();
    }
  }

  ngx_http_request_t* r_;
  void (*handle_)(ngx_http_request_t*);
  std::list<Waiting*>::iterator place_;
  bool waits_ = true;
};

void hold_on() { line().hold.arm(kHold); }

void run_first() {
  Line& all = line();
  if (all.waiting.size() > 1) {
    all.next.post();
  }
  if (!all.waiting.empty()) {
    all.waiting.front()->run();
  }
}

bool small(const ngx_http_request_t* r) {
  off_t size = 0;
  const ngx_chain_t* link = r->request_body == nullptr ? nullptr : r->request_body->bufs;
  for (; link != nullptr; link = link->next) {
    size += ngx_buf_size(link->buf);
  }
  return size <= kSmall;
}

}  // namespace

void in_turn(ngx_http_request_t* r, void (*handle)(ngx_http_request_t*)) {
  // Without memory to wait it has its turn now.
  if (small(r) || adopt(r->pool, std::make_unique<Waiting>(r, handle)) == nullptr) {
    handle(r);
  }
}

}  // namespace notify
