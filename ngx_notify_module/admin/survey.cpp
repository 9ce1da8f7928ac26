#include "ngx_notify_module/admin/survey.hpp"

#include <algorithm>

#include "ngx_notify_module/admin/key_scan.hpp"
#include "ngx_notify_module/admin/stream_info.hpp"
#include "ngx_notify_module/calls/long_answer.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

// Streams whose figures are asked for at a time.
constexpr std::size_t kStreamsAtOnce = 64;

//   Scanning ──page──► Asking (64 streams a round) ──none left──► Scanning … ──last page──► end
//
// With names alone nothing is asked.
class Survey final : public LongAnswer {
 public:
  Survey(ngx_http_request_t* r, const LocConf& conf, OutChain& out, bool figures)
      : LongAnswer(r, conf, out), figures_(figures), scan_("", "stream") {
    write("{\"streams\":[");
  }

  void start() { send({scan_.next()}); }

 private:
  struct Figures {
    std::string length;  // empty: it went away, or is something else now
    std::string groups;
  };

  Result<void> take(std::size_t number, const redis::Reply& reply) override {
    return asked_.empty() ? take_page(reply) : take_figure(number, reply);
  }

  Result<void> take_page(const redis::Reply& reply) {
    const Result<std::vector<std::string>> page = scan_.take(reply);
    if (!page) {
      return page.error();
    }
    for (const std::string& name : *page) {
      if (!conf_.get<OwnershipConf>().is_foreign(name) && met_.add(name)) {
        names_.push_back(name);
      }
    }
    return {};
  }

  Result<void> take_figure(std::size_t number, const redis::Reply& reply) {
    Figures& figures = asked_[number];
    if (reply.is_error()) {
      const std::string_view code = reply.error_code();
      return code == "WRONGTYPE" || code == "ERR" ? Result<void>{} : error_of(reply);
    }
    figures.length = std::to_string(reply[0].integer().value_or(0));
    figures.groups = groups_json(reply);
    return {};
  }

  void round_over() override {
    tell();
    if (!flush()) {
      return;
    }
    if (!names_.empty()) {
      ask();
    } else if (!scan_.done()) {
      send({scan_.next()});
    } else {
      write("]}\n");
      end();
    }
  }

  // What came of the last round, into the answer.
  void tell() {
    if (!figures_) {
      for (const std::string& name : names_) {
        add(json::quoted(name));
      }
      names_.clear();
      return;
    }
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      const Figures& figures = asked_[i];
      if (!figures.length.empty() && !figures.groups.empty()) {
        add("{\"groups\":" + figures.groups + ",\"length\":" + figures.length +
            ",\"name\":" + json::quoted(names_[i]) + "}");
      }
    }
    names_.erase(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(asked_.size()));
    asked_.clear();
  }

  void add(const std::string& element) {
    write(first_ ? "" : ",");
    write(element);
    first_ = false;
  }

  void ask() {
    asked_.resize(std::min(names_.size(), kStreamsAtOnce));
    std::vector<redis::Command> commands;
    commands.reserve(asked_.size());
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      commands.push_back(script_call(redis::scripts::backlog, {names_[i]}, redis::Repeat::kSafe));
    }
    send(std::move(commands));
  }

  const bool figures_;
  KeyScan scan_;
  NameSet met_;
  std::vector<std::string> names_;  // of the page, not yet told
  std::vector<Figures> asked_;      // of the first of them
  bool first_ = true;
};

ngx_int_t start(ngx_http_request_t* r, const LocConf& conf, bool figures) {
  if (r != r->main) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;  // it writes when it likes, which no subrequest may
  }
  Context* context = ensure_context(r);
  OutChain* out = adopt(r->pool, std::make_unique<OutChain>(r));
  if (context == nullptr || out == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  auto survey = std::make_unique<Survey>(r, conf, *out, figures);
  survey->start();
  context->attachment = std::move(survey);
  return park(r);
}

}  // namespace

ngx_int_t list_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  return start(r, conf, false);
}

ngx_int_t survey_streams(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  return start(r, conf, true);
}

}  // namespace notify
