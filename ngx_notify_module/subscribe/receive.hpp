#pragma once

// notify_receive: what the clients of a location's WebSockets send is published. notify_echo: it
// comes back to the client that sent it, and nobody keeps it.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/stream/receiver.hpp"

namespace notify {

struct ReceiveConf {
  struct Part {
    Receiver::Part::Kind kind;
    Template* text;  // of kText: evaluated once for each client
  };

  Template* key = nullptr;  // the stream; null: none is published to
  bool echo = false;
  std::vector<std::pair<std::string, std::vector<Part>>> fields;
  std::optional<std::uint64_t> rate;  // 0: any
  std::optional<std::uint64_t> burst;

  Result<void> merge(const MergeScope& scope, const ReceiveConf& parent);
};

Result<void> set_receive(ngx_conf_t* cf, Words words, ReceiveConf& conf);
Result<void> set_echo(ngx_conf_t* cf, Words words, ReceiveConf& conf);
Result<void> set_receive_rate(ngx_conf_t* cf, Words words, ReceiveConf& conf);

inline constexpr std::array kReceiveDirectives{
    directive<"notify_receive", &set_receive>(kLocation | NGX_CONF_2MORE),
    directive<"notify_echo", &set_echo>(kLocation | NGX_CONF_1MORE),
    directive<"notify_receive_rate", &set_receive_rate>(kHttpServerLocation | NGX_CONF_TAKE12),
};

// For a client that has just connected; null: its messages are not taken. kInvalid: the stream's
// name is none.
Result<std::unique_ptr<Receiver>> receiver_of(ngx_http_request_t* r, const LocConf& conf);

}  // namespace notify
