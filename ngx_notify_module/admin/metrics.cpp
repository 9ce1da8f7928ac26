#include "ngx_notify_module/admin/metrics.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/model/stream_name.hpp"

namespace notify {
namespace {

constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::size_t kMaxQueues = 64;
constexpr std::uint64_t kFiguresMs = 5'000;  // Redis is asked no more often, in each worker
constexpr redis::Milliseconds kPatience{1'000};

// A value of a label, between its quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (byte == '\\' || byte == '"') {
      out.push_back('\\');
    }
    out.push_back(byte);
  }
  return out;
}

struct Backlog {
  bool known = false;
  std::int64_t pending = 0;
  std::int64_t consumers = 0;
  std::int64_t lag = -1;
  std::int64_t oldest_ms = 0;
};

// {pending, consumers, lag, oldest}: see backlog.lua.
Backlog read_backlog(const Result<redis::Reply>& reply) {
  if (!reply || reply->is_error() || reply->size() != 4) {
    return {};
  }
  const auto number = [&](std::size_t i) { return (*reply)[i].integer().value_or(0); };
  return {true, number(0), number(1), number(2), number(3)};
}

class Text {
 public:
  Text(const MetricsConf& conf, const std::vector<Backlog>& all) : conf_(conf), all_(all) {}

  // `read` answers text, or nothing where the figure is not known.
  template <class Read>
  void add(std::string_view name, std::string_view help, Read read) {
    out_.append("# HELP notify_queue_").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE notify_queue_").append(name).append(" gauge\n");
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const std::string value = read(all_[i]);
      if (!value.empty()) {
        out_.append("notify_queue_").append(name).append("{stream=\"");
        out_.append(escaped(conf_.queues[i].stream)).append("\",group=\"");
        out_.append(escaped(conf_.queues[i].group)).append("\"} ").append(value).append("\n");
      }
    }
  }
  std::string take() { return std::move(out_); }

 private:
  const MetricsConf& conf_;
  const std::vector<Backlog>& all_;
  std::string out_;
};

std::string seconds(std::int64_t ms) {
  std::string part = std::to_string(ms % 1000);
  part.insert(0, 3 - part.size(), '0');
  return std::to_string(ms / 1000) + "." + part;
}

std::string queues_text(const MetricsConf& conf, const std::vector<Backlog>& all) {
  Text text(conf, all);
  const auto known = [](const Backlog& each, std::int64_t value) {
    return each.known ? std::to_string(value) : std::string();
  };
  text.add("known", "1 where Redis has told of that group; else its other figures are missing.",
           [](const Backlog& each) { return std::string(each.known ? "1" : "0"); });
  text.add("pending", "Entries that were given to a consumer and are not finished.",
           [&](const Backlog& each) { return known(each, each.pending); });
  text.add("consumers", "Consumers that the group has in Redis.",
           [&](const Backlog& each) { return known(each, each.consumers); });
  text.add("lag", "Entries that were given to nobody yet; missing where Redis cannot tell.",
           [&](const Backlog& each) { return each.lag < 0 ? "" : known(each, each.lag); });
  text.add("oldest_pending_seconds", "Age of the oldest entry that is not finished, by its id.",
           [&](const Backlog& each) { return each.known ? seconds(each.oldest_ms) : ""; });
  return text.take();
}

ngx_int_t answer(ngx_http_request_t* r, const MetricsConf& conf, std::string_view queues) {
  runtime->sessions().show_figures();
  std::string text = metrics::board == nullptr ? "" : metrics::board->text(*conf.sum);
  text.append(queues);
  return respond(r, NGX_HTTP_OK, kPrometheus, text);
}

// Owned by the request's context. Whatever goes wrong with Redis, the counters are told.
class Asking final : public Attachment {
 public:
  Asking(ngx_http_request_t* r, const MetricsConf& conf)
      : r_(r), conf_(conf), left_(conf.queues.size()), all_(conf.queues.size()) {}

  void send() {
    for (std::size_t i = 0; i < conf_.queues.size(); ++i) {
      redis::Command command = backlog_command(conf_.queues[i].stream, conf_.queues[i].group);
      command.timeout = kPatience;
      command.sender = redis::Sender::kProduct;
      pending_.push_back(runtime->commands().submit(
          std::move(command), [this, i](const Result<redis::Reply>& reply) { take(i, reply); }));
    }
  }

 private:
  void take(std::size_t number, const Result<redis::Reply>& reply) {
    all_[number] = read_backlog(reply);
    if (--left_ > 0) {
      return;
    }
    finish_with(r_, [this] {
      Runtime::QueueFigures& kept = runtime->queue_figures();
      kept = {&conf_, ngx_current_msec + kFiguresMs, queues_text(conf_, all_)};
      return answer(r_, conf_, kept.text);
    });
  }

  ngx_http_request_t* r_;
  const MetricsConf& conf_;
  std::size_t left_;
  std::vector<Backlog> all_;
  std::vector<redis::Pending> pending_;
};

ngx_int_t show(ngx_http_request_t* r, const LocConf& location, std::size_t) {
  const MetricsConf& conf = location.get<MetricsConf>();
  const Runtime::QueueFigures& kept = runtime->queue_figures();
  if (conf.queues.empty()) {
    return answer(r, conf, "");
  }
  if (kept.location == &conf && ngx_current_msec < kept.until_ms) {
    return answer(r, conf, kept.text);
  }
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  auto asking = std::make_unique<Asking>(r, conf);
  asking->send();
  context->attachment = std::move(asking);
  return park(r);
}

}  // namespace

// ---- notify_metrics -----------------------------------------------------------------------------

Result<void> MetricsConf::merge(const MergeScope& scope, const MetricsConf& parent) {
  if (scope.same_location) {
    sum = parent.sum;
  }
  inherit(queues, parent.queues);
  return {};
}

Result<void> set_metrics(ngx_conf_t* cf, Words words, MetricsConf& conf) {
  if (!words.empty() && words[0] != "workers" && words[0] != "sum") {
    return bad_value(words[0]);
  }
  conf.sum = !words.empty() && words[0] == "sum";
  return add_operation(cf, {"notify_metrics", NGX_HTTP_GET | NGX_HTTP_HEAD, {&show}});
}

Result<void> set_metrics_queue(ngx_conf_t*, Words words, MetricsConf& conf) {
  auto& queues = conf.queues;
  for (const Result<void>& named : {check_stream_name(words[0]), check_group_name(words[1])}) {
    if (!named) {
      return named.error();
    }
  }
  const bool again = std::any_of(queues.begin(), queues.end(), [&](const auto& each) {
    return each.stream == words[0] && each.group == words[1];
  });
  if (again) {
    return is_duplicate();
  }
  if (queues.size() == kMaxQueues) {
    return invalid("names more than " + std::to_string(kMaxQueues) + " queues");
  }
  queues.push_back({std::string(words[0]), std::string(words[1])});
  return {};
}

}  // namespace notify
