#include "ngx_notify_module/admin/flush.hpp"

#include "ngx_notify_module/admin/key_scan.hpp"
#include "ngx_notify_module/calls/rounds.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// Streams first: with its stream a group loses what its side keys are about, and nobody writes
// these anew. Where they stand is known by the names of the streams; some (idempotency keys) can
// only be found by looking.
//
//   pass 1: SCAN, UNLINK of a page's streams      pass 2: SCAN notify:{*, UNLINK of their side keys
class Flush final : public Rounds {
 public:
  Flush(ngx_http_request_t* r, const LocConf& conf) : Rounds(r, conf), scan_("", "stream") {}

  void start() { look(); }

 private:
  void look() {
    looking_ = true;
    send({scan_.next()});
  }

  Result<void> take(std::size_t, const redis::Reply& reply) override {
    if (!looking_) {
      return reply.is_error() ? Result<void>(error_of(reply)) : Result<void>{};
    }
    const Result<std::vector<std::string>> page = scan_.take(reply);
    if (!page) {
      return page.error();
    }
    for (const std::string& name : *page) {
      if (of_streams_ ? !conf_.get<OwnershipConf>().is_foreign(name) : belongs_to_one(name)) {
        doomed_.push_back(name);
      }
    }
    return {};
  }

  void round_over() override {
    if (!doomed_.empty()) {
      remove();
    } else if (!scan_.done()) {
      look();
    } else if (of_streams_) {
      of_streams_ = false;
      scan_ = KeyScan("notify:{*", "");
      look();
    } else {
      finish_with(r_, [this] {
        return respond(r_, NGX_HTTP_OK, kJson, "{\"action\":\"flushed\",\"status\":\"ok\"}\n");
      });
    }
  }

  void remove() {
    looking_ = false;
    std::vector<redis::Command> commands;
    commands.reserve(doomed_.size());
    for (const std::string& key : doomed_) {
      if (of_streams_) {
        removed_.add(redis::side_key(key, ""));
      }
      redis::Command command;
      command.arguments = {"UNLINK", key};
      command.repeat = redis::Repeat::kSafe;
      commands.push_back(std::move(command));
    }
    doomed_.clear();
    send(std::move(commands));
  }

  // A side key begins with what side_key() puts before a suffix, and ends with one of the suffixes:
  // a stream may be named as the product's own keys are tagged, and `notify:{catalog}:acks` is not
  // beside the stream `catalog`.
  [[nodiscard]] bool belongs_to_one(std::string_view key) const {
    for (std::size_t colon = key.find(':'); colon != std::string_view::npos;
         colon = key.find(':', colon + 1)) {
      const std::string_view suffix = key.substr(colon + 1);
      if (redis::is_side_suffix(suffix) && removed_.contains(key.substr(0, colon + 1))) {
        return true;
      }
    }
    return false;
  }

  KeyScan scan_;
  bool of_streams_ = true;  // which pass it is
  bool looking_ = true;     // the round is a page of keys, not a removal
  NameSet removed_;         // what the side keys of the removed streams begin with
  std::vector<std::string> doomed_;
};

}  // namespace

ngx_int_t flush_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  auto flush = std::make_unique<Flush>(r, conf);
  flush->start();
  context->attachment = std::move(flush);
  return park(r);
}

}  // namespace notify
