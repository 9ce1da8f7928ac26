#include "ngx_notify_module/subscribe/receive.hpp"

#include <algorithm>

#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/published.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/inbox.hpp"

namespace notify {
namespace {

using Kind = Receiver::Part::Kind;

struct Variable {
  std::string_view name;
  Kind kind;
};

// What changes from message to message; all other variables are the connection's.
constexpr std::array kVariables{
    Variable{"notify_message", Kind::kMessage},
    Variable{"notify_time", Kind::kTime},
};

struct Found {
  std::size_t begin;
  std::size_t end;
  Kind kind;
};

// The first of ours in the text: $NAME or ${NAME}.
std::optional<Found> find_variable(std::string_view text) {
  std::optional<Found> first;
  for (const Variable& variable : kVariables) {
    for (std::size_t at = text.find('$'); at != std::string_view::npos;
         at = text.find('$', at + 1)) {
      std::string_view rest = text.substr(at + 1);
      const bool braced = rest.starts_with('{');
      rest.remove_prefix(braced ? 1 : 0);
      if (!rest.starts_with(variable.name)) {
        continue;
      }
      rest.remove_prefix(variable.name.size());
      if (braced ? !rest.starts_with('}') : (!rest.empty() && is_variable_char(rest.front()))) {
        continue;
      }
      if (!first || at < first->begin) {
        const std::size_t size = 1 + variable.name.size() + (braced ? 2 : 0);
        first = Found{at, at + size, variable.kind};
      }
      break;
    }
  }
  return first;
}

Result<std::vector<ReceiveConf::Part>> compile(ngx_conf_t* cf, std::string_view text) {
  std::vector<ReceiveConf::Part> parts;
  while (!text.empty()) {
    const std::optional<Found> found = find_variable(text);
    const std::string_view before = text.substr(0, found ? found->begin : text.size());
    if (!before.empty()) {
      const Result<Template*> compiled = compile_template(cf, before);
      if (!compiled) {
        return compiled.error();
      }
      parts.push_back({Kind::kText, *compiled});
    }
    if (found) {
      parts.push_back({found->kind, nullptr});
    }
    text.remove_prefix(found ? found->end : text.size());
  }
  return parts;
}

Error out_of_memory() { return {ErrorKind::kInternal, "out of memory"}; }

}  // namespace

Result<std::unique_ptr<Receiver>> receiver_of(ngx_http_request_t* r, const LocConf& conf) {
  const ReceiveConf& settings = conf.get<ReceiveConf>();
  if (settings.key == nullptr && !settings.echo) {
    return std::unique_ptr<Receiver>();
  }
  Receiver::Recipe recipe;
  if (settings.echo) {
    recipe.echo = conf.get<SubscribeConf>().message_format.get();
  } else {
    const Result<std::string_view> stream = read_stream(r, settings.key);
    if (!stream) {
      return stream.error();
    }
    recipe.terms = terms_of(conf, *stream);
    add_request(r, conf, recipe.terms);  // that of the handshake
  }
  recipe.wait_ms = *conf.get<WaitConf>().wait;
  recipe.rate = *settings.rate;
  recipe.burst = *settings.burst;
  for (const auto& [name, parts] : settings.fields) {
    auto& field = recipe.fields.emplace_back(name, std::vector<Receiver::Part>());
    for (const ReceiveConf::Part& part : parts) {
      std::optional<std::string_view> text = "";
      if (part.kind == Kind::kText) {
        text = evaluate(r, part.text);
      }
      if (!text) {
        return out_of_memory();
      }
      field.second.push_back({part.kind, std::string(*text)});
    }
  }
  ngx_connection_t* c = r->connection;
  // The connection goes on reading: its own handler, in its own turn.
  return std::make_unique<Receiver>(runtime->commands(), std::move(recipe),
                                    [c] { ngx_post_event(c->read, &ngx_posted_events); });
}

// ---- notify_receive, notify_receive_rate --------------------------------------------------------

Result<void> ReceiveConf::merge(const MergeScope& scope, const ReceiveConf& parent) {
  if (scope.same_location) {
    key = parent.key;
    echo = parent.echo;
    fields = parent.fields;
  }
  inherit(rate, parent.rate, 0);
  inherit(burst, parent.burst, 1);
  if (key == nullptr && !echo) {
    return {};
  }
  if (scope.conf->get<SubscribeConf>().streams.empty() &&
      scope.conf->get<InboxConf>().key == nullptr) {
    return invalid(std::string(echo ? "\"notify_echo\"" : "\"notify_receive\"") +
                   " needs \"notify_subscribe\" or \"notify_inbox\"");
  }
  return {};
}

namespace {

Result<void> read_fields(ngx_conf_t* cf, Words words, ReceiveConf& receive) {
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return bad_parameter(word);
    }
    const std::string_view name = word.substr(0, equals);
    const bool known = std::any_of(receive.fields.begin(), receive.fields.end(),
                                   [name](const auto& field) { return field.first == name; });
    if (known) {
      return invalid("duplicate field \"" + std::string(name) + "\"");
    }
    Result<std::vector<ReceiveConf::Part>> parts = compile(cf, word.substr(equals + 1));
    if (!parts) {
      return parts.error();
    }
    receive.fields.emplace_back(name, std::move(*parts));
  }
  return {};
}

}  // namespace

Result<void> set_receive(ngx_conf_t* cf, Words words, ReceiveConf& conf) {
  if (conf.key != nullptr) {
    return is_duplicate();
  }
  if (conf.echo) {
    return invalid("conflicts with \"notify_echo\"");
  }
  const Result<Template*> key =
      words[0].empty() ? Result<Template*>(bad_value(words[0])) : compile_template(cf, words[0]);
  if (!key) {
    return key.error();
  }
  conf.key = *key;
  return read_fields(cf, words.subspan(1), conf);
}

Result<void> set_echo(ngx_conf_t* cf, Words words, ReceiveConf& conf) {
  if (conf.echo) {
    return is_duplicate();
  }
  if (conf.key != nullptr) {
    return invalid("conflicts with \"notify_receive\"");
  }
  conf.echo = true;
  return read_fields(cf, words, conf);
}

Result<void> set_receive_rate(ngx_conf_t*, Words words, ReceiveConf& conf) {
  constexpr std::uint64_t kMost = 1'000'000;
  if (words[0] == "off" && words.size() == 1) {
    return assign(conf.rate, Result<std::uint64_t>(0));
  }
  const Result<std::uint64_t> rate = parse_count(words[0]);
  if (!rate || *rate == 0 || *rate > kMost) {
    return bad_value(words[0]);
  }
  if (words.size() > 1) {
    const auto text = parameter(words[1], "burst");
    const Result<std::uint64_t> burst =
        text ? parse_count(*text) : Result<std::uint64_t>(bad_parameter(words[1]));
    if (!burst || *burst == 0 || *burst > kMost) {
      return bad_parameter(words[1]);
    }
    conf.burst = *burst;
  }
  return assign(conf.rate, rate);
}

}  // namespace notify
