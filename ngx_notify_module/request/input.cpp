#include "ngx_notify_module/request/input.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/turns.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

// The parts that nginx has put into a temporary file are read from there.
Result<void> append_from_file(ngx_http_request_t* r, const ngx_buf_t& buffer, std::string& body) {
  const auto size = static_cast<std::size_t>(buffer.file_last - buffer.file_pos);
  const std::size_t before = body.size();
  body.resize(before + size);
  const ssize_t got = ngx_read_file(buffer.file, reinterpret_cast<u_char*>(body.data() + before),
                                    size, buffer.file_pos);
  if (got < 0 || static_cast<std::size_t>(got) != size) {
    log_text(NGX_LOG_ERR, r->connection->log, "notify: a buffered request body cannot be read");
    return Error{ErrorKind::kInternal, "Internal Server Error"};
  }
  return {};
}

ngx_int_t check(ngx_http_request_t* r, Context& context, std::optional<std::string_view> body) {
  const InputConf& conf = context.operation.conf->get<InputConf>();
  auto input = std::make_unique<Validated>(validate(conf.rules, view(r->args), body, *conf.text));
  if (!input->ok()) {
    return fail(r, input->errors);
  }
  context.rules = &conf;
  context.input = adopt(r->pool, std::move(input));
  if (context.input == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  return next_step(r);
}

ngx_int_t check_body(ngx_http_request_t* r) {
  Context& context = *find_context(r);
  const InputConf& conf = context.operation.conf->get<InputConf>();
  if (!conf.reads_body()) {
    return check(r, context, std::nullopt);
  }
  Result<std::string> body = gather_body(r, *conf.max_message);
  if (!body) {
    return fail(r, body.error());
  }
  // Before all of it is gone through: an array that is too long costs no more than one that is not.
  if (conf.array && json::has_more_elements(*body, conf.array->field, conf.array->most)) {
    return fail(r, too_many_elements(*conf.array));
  }
  context.body = std::move(*body);
  return check(r, context, context.body);
}

// nginx took a reference on the request for this call.
void finish(ngx_http_request_t* r) noexcept { ngx_http_finalize_request(r, entry<&check_body>(r)); }
void wait_turn(ngx_http_request_t* r) { in_turn(r, finish); }
void on_body(ngx_http_request_t* r) noexcept { entry<&wait_turn>(r); }

}  // namespace

Error too_many_elements(const ArrayBound& bound) {
  return {ErrorKind::kTooLarge,
          "\"" + bound.field + "\" has more than " + std::to_string(bound.most) + " elements"};
}

Result<std::string> gather_body(ngx_http_request_t* r, std::size_t limit) {
  std::string body;
  if (r->request_body == nullptr) {
    return body;
  }
  const off_t size = received_bytes(r);
  if (size > static_cast<off_t>(limit)) {
    return body_too_large();
  }
  body.reserve(static_cast<std::size_t>(size));
  for (const ngx_chain_t* link = r->request_body->bufs; link != nullptr; link = link->next) {
    const ngx_buf_t* buffer = link->buf;
    if (ngx_buf_in_memory(buffer)) {
      body.append(view(buffer->pos, static_cast<std::size_t>(buffer->last - buffer->pos)));
    } else if (buffer->in_file != 0) {
      const Result<void> read = append_from_file(r, *buffer, body);
      if (!read) {
        return read.error();
      }
    }
  }
  return body;
}

std::size_t held_body(ngx_http_request_t* r) {
  const Context& context = *find_context(r);
  std::size_t held = context.body.capacity();
  if (context.input != nullptr) {
    for (const FieldValue& value : context.input->values) {
      held += value.text.capacity() + value.raw.capacity();
    }
  }
  const ngx_chain_t* link = r->request_body == nullptr ? nullptr : r->request_body->bufs;
  for (; link != nullptr; link = link->next) {
    if (ngx_buf_in_memory(link->buf)) {
      held += static_cast<std::size_t>(link->buf->end - link->buf->start);
    }
  }
  // What went into a file went through a buffer, which stays.
  const ngx_buf_t* buffer = r->request_body == nullptr ? nullptr : r->request_body->buf;
  return buffer == nullptr ? held : held + static_cast<std::size_t>(buffer->end - buffer->start);
}

ngx_int_t read_input(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  Context& context = *find_context(r);
  if (!conf.get<InputConf>().reads_body()) {
    const ngx_int_t discarded = ngx_http_discard_request_body(r);
    return discarded == NGX_OK ? check(r, context, std::nullopt) : discarded;
  }
  return read_body(r, on_body);
}

// ---- notify_field, notify_max_message -----------------------------------------------------------

bool InputConf::reads_body() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const FieldRule& rule) { return rule.in == FieldSource::kBody; });
}

const FieldRule* InputConf::find(std::string_view name) const {
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const FieldRule& each) { return each.name == name; });
  return rule == rules.end() ? nullptr : &*rule;
}

FieldRule* InputConf::find(std::string_view name) {
  return const_cast<FieldRule*>(std::as_const(*this).find(name));
}

const FieldRule* InputConf::find_variable(std::string_view name) const {
  if (const FieldRule* rule = find(name)) {
    return rule;
  }
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const FieldRule& each) { return iequals(each.name, name); });
  return rule == rules.end() ? nullptr : &*rule;
}

Result<void> InputConf::merge(const MergeScope&, const InputConf& parent) {
  inherit(rules, parent.rules);
  inherit(text, parent.text, BodyText::kWhole);
  inherit(max_message, parent.max_message, std::size_t{1024} * 1024);
  return {};
}

Result<void> set_field(ngx_conf_t*, Words words, InputConf& conf) {
  Result<FieldRule> rule = parse_field_rule(words);
  if (!rule) {
    return rule.error();
  }
  if (conf.find(rule->name) != nullptr) {
    return invalid("duplicate field \"" + rule->name + "\"");
  }
  if (!rule->of.empty()) {
    const FieldRule* whole = conf.find(rule->of);
    if (whole == nullptr || !whole->of.empty()) {
      return invalid("names no field \"" + rule->of + "\" before it");
    }
    rule->in = whole->in;
  }
  conf.rules.push_back(std::move(*rule));
  return {};
}

Result<void> set_body(ngx_conf_t*, Words words, InputConf& conf) {
  for (const auto& [name, text] : {std::pair{"whole", BodyText::kWhole},
                                   {"first", BodyText::kFirst},
                                   {"form", BodyText::kForm}}) {
    if (words[0] == name) {
      return assign(conf.text, Result<BodyText>(text));
    }
  }
  return bad_value(words[0]);
}

Result<void> set_max_message(ngx_conf_t*, Words words, InputConf& conf) {
  Result<std::size_t> size = parse_bytes(words[0]);
  if (size && *size == 0) {
    return bad_value(words[0]);
  }
  return assign(conf.max_message, std::move(size));
}

}  // namespace notify
