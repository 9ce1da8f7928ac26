#include "ngx_notify_module/request/respond.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/ngx/response_header.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

struct ShapeName {
  std::string_view name;
  ErrorShape shape;
};

constexpr std::array kShapeNames{
    ShapeName{"detail", ErrorShape::kDetail},
    ShapeName{"text", ErrorShape::kText},
    ShapeName{"envelope", ErrorShape::kEnvelope},
};

// nginx has no words for these.
constexpr ngx_uint_t kUnprocessable = 422;
constexpr ngx_uint_t kUpgradeRequired = 426;
constexpr Header kRetryAfter{"Retry-After", "1"};

ErrorShape shape_of(const ngx_http_request_t* r) {
  return *loc_conf<LocConf>(r)->get<ErrorsConf>().shape;
}

ngx_uint_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return NGX_HTTP_BAD_REQUEST;
    case ErrorKind::kUnauthorized:
      return NGX_HTTP_UNAUTHORIZED;
    case ErrorKind::kForbidden:
      return NGX_HTTP_FORBIDDEN;
    case ErrorKind::kNotFound:
      return NGX_HTTP_NOT_FOUND;
    case ErrorKind::kConflict:
      return NGX_HTTP_CONFLICT;
    case ErrorKind::kTooLarge:
      return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    case ErrorKind::kTooMany:
      return NGX_HTTP_TOO_MANY_REQUESTS;
    case ErrorKind::kUnavailable:
    case ErrorKind::kUnknownOutcome:
      return NGX_HTTP_SERVICE_UNAVAILABLE;
    case ErrorKind::kInternal:
      break;
  }
  return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

std::string envelope(ngx_uint_t status, std::string_view message, std::string_view error) {
  std::string body = "{\"status_code\":" + std::to_string(status) + ",\"message\":";
  json::append_quoted(body, message);
  body.append(",\"error\":").append(error).append("}");
  return body;
}

// As a line of text.
std::string line_of(const FieldError& error) {
  if (error.worded) {
    return error.msg;
  }
  if (error.loc[0] != "body") {
    return field_path(error) + ": " + error.msg;
  }
  std::string line = "Invalid JSON: ";
  if (error.position) {
    return line + error.reason + " at character " + std::to_string(*error.position);
  }
  if (error.loc.size() > 1) {
    return line + error.loc[1] + ": " + error.msg;
  }
  return line + (error.type == "missing" ? "the body is empty" : error.msg);
}

// All of them in one line.
template <class LineOf>
std::string joined(std::span<const FieldError> errors, LineOf one) {
  std::string out;
  for (const FieldError& error : errors) {
    out.append(out.empty() ? "" : "; ").append(one(error));
  }
  return out;
}

ngx_str_t status_line_of(ngx_uint_t status) {
  switch (status) {
    case kUnprocessable:
      return lit("422 Unprocessable Entity");
    case kUpgradeRequired:
      return lit("426 Upgrade Required");
    default:
      return {};
  }
}

ngx_int_t add_header(ngx_http_request_t* r, const Header& header) {
  ngx_table_elt_t* element =
      add_response_header(r, to_pool(r->pool, header.name), to_pool(r->pool, header.value));
  if (element == nullptr) {
    return NGX_ERROR;
  }
  if (header.name == "WWW-Authenticate") {
    r->headers_out.www_authenticate = element;  // where auth_request looks for it
  }
  return NGX_OK;
}

// What nginx does before it sends a page of its own. A client that waits for `100 Continue` gets
// its answer instead.
ngx_int_t discard_body(ngx_http_request_t* r, ngx_uint_t status) {
  if (status >= NGX_HTTP_SPECIAL_RESPONSE) {
    r->expect_tested = 1;
  }
  if (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
    r->keepalive = 0;
  }
  const ngx_int_t outcome = ngx_http_discard_request_body(r);
  if (outcome != NGX_OK) {
    r->keepalive = 0;  // its end was not found
  }
  return outcome;
}

ngx_int_t send_head(ngx_http_request_t* r, ngx_uint_t status, std::string_view content_type,
                    std::optional<std::size_t> size, std::span<const Header> headers) {
  r->headers_out.status = status;
  r->headers_out.status_line = status_line_of(status);
  r->headers_out.content_length_n = size ? static_cast<off_t>(*size) : -1;
  r->headers_out.content_type = to_pool(r->pool, content_type);
  r->headers_out.content_type_len = content_type.size();
  r->headers_out.content_type_lowcase = nullptr;
  if (r->headers_out.content_type.data == nullptr) {
    return NGX_ERROR;
  }
  // By now the work is done: a condition or a range of the client's must not make another answer of
  // it. They are about representations, and this is none (RFC 9110, 13.2.1 and 14.2).
  ngx_http_clear_accept_ranges(r);
  ngx_http_clear_last_modified(r);
  ngx_http_clear_etag(r);
  r->disable_not_modified = 1;
  for (const Header& header : headers) {
    if (add_header(r, header) != NGX_OK) {
      return NGX_ERROR;
    }
  }
  if (size == std::size_t{0}) {
    r->header_only = 1;
  }
  return ngx_http_send_header(r);
}

}  // namespace

// ---- answers ------------------------------------------------------------------------------------

ngx_int_t respond(ngx_http_request_t* r, ngx_uint_t status, std::string_view content_type,
                  std::string_view body, std::span<const Header> headers) {
  const ngx_int_t discarded = discard_body(r, status);
  if (discarded != NGX_OK && status < NGX_HTTP_SPECIAL_RESPONSE) {
    return discarded;
  }
  const ngx_int_t sent = send_head(r, status, content_type, body.size(), headers);
  if (sent == NGX_ERROR || sent > NGX_OK || r->header_only) {
    return sent;
  }
  ngx_str_t copy = to_pool(r->pool, body);
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
  if (copy.data == nullptr || buffer == nullptr) {
    return NGX_ERROR;
  }
  buffer->pos = buffer->start = copy.data;
  buffer->last = buffer->end = copy.data + copy.len;
  buffer->memory = 1;
  buffer->last_buf = r == r->main ? 1 : 0;
  buffer->last_in_chain = 1;
  ngx_chain_t link{buffer, nullptr};
  return ngx_http_output_filter(r, &link);
}

ngx_int_t respond_head(ngx_http_request_t* r, ngx_uint_t status, std::string_view content_type) {
  const ngx_int_t discarded = discard_body(r, status);
  return discarded == NGX_OK ? send_head(r, status, content_type, std::nullopt, {}) : NGX_ERROR;
}

ngx_int_t fail(ngx_http_request_t* r, ngx_uint_t status, std::string_view message,
               std::span<const Header> headers) {
  switch (shape_of(r)) {
    case ErrorShape::kDetail:
      return respond(r, status, kJson, "{\"detail\":" + json::quoted(message) + "}", headers);
    case ErrorShape::kEnvelope:
      return respond(r, status, kJson, envelope(status, "HTTP Exception", json::quoted(message)),
                     headers);
    case ErrorShape::kText:
      break;
  }
  std::vector<Header> all(headers.begin(), headers.end());
  all.push_back({"X-Content-Type-Options", "nosniff"});
  return respond(r, status, kPlainText, std::string(message) + "\n", all);
}

ngx_int_t fail(ngx_http_request_t* r, std::span<const FieldError> errors) {
  if (const ngx_uint_t status = loc_conf<LocConf>(r)->get<ErrorsConf>().invalid_status;
      status != 0) {
    return fail(r, status, joined(errors, [](const FieldError& error) {
                  return error.worded ? error.msg : field_path(error) + ": " + error.msg;
                }));
  }
  switch (shape_of(r)) {
    case ErrorShape::kDetail:
      return respond(r, kUnprocessable, kJson, render_detail(errors));
    case ErrorShape::kEnvelope:
      break;
    case ErrorShape::kText:
      return fail(r, NGX_HTTP_BAD_REQUEST, joined(errors, &line_of));
  }
  std::string list = "[";
  for (const FieldError& error : errors) {
    list.append(list.size() > 1 ? "," : "").append("{\"type\":").append(json::quoted(error.type));
    list.append(",\"field_name\":").append(json::quoted(field_path(error)));
    list.append(",\"message\":").append(json::quoted(error.msg)).append("}");
  }
  return respond(r, kUnprocessable, kJson,
                 envelope(kUnprocessable, "Validation Error", list + "]"));
}

ngx_int_t fail(ngx_http_request_t* r, const Error& error) {
  const ngx_uint_t status = status_of(error.kind);
  if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
    return fail(r, status, error.message, {&kRetryAfter, 1});
  }
  return fail(r, status, error.message);
}

// ---- requests that wait -------------------------------------------------------------------------

namespace {

// Has nginx look whether the client leaves. Where a body is still being thrown away nginx' own
// handler does that. Behind it nginx does not look: no matter for what is over in seconds.
bool watch_client(ngx_http_request_t* r) {
  r->write_event_handler = ngx_http_request_empty_handler;
  if (r->discard_body) {
    return true;
  }
  r->read_event_handler = ngx_http_test_reading;
  return ngx_handle_read_event(r->connection->read, 0) == NGX_OK;
}

}  // namespace

ngx_int_t park(ngx_http_request_t* r) {
  if (!watch_client(r)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  r->main->count++;
  return NGX_DONE;
}

ngx_int_t wait_in_phase(ngx_http_request_t* r) {
  if (!watch_client(r)) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  // It may have left already: word of that came together with the request, and does not come again.
  ngx_event_t* event = r->connection->read;
  if (event->pending_eof && r->stream == nullptr) {
    ngx_post_event(event, &ngx_posted_events);
  }
  return NGX_AGAIN;
}

void resume_phases(ngx_http_request_t* r) noexcept {
  ngx_connection_t* connection = r->connection;
  ngx_http_set_log_request(connection->log, r);
  if (!r->discard_body) {
    r->read_event_handler = ngx_http_block_reading;
  }
  r->write_event_handler = ngx_http_core_run_phases;
  ngx_http_core_run_phases(r);
  ngx_http_run_posted_requests(connection);
}

void finish(ngx_http_request_t* r, ngx_int_t outcome) {
  ngx_connection_t* connection = r->connection;
  ngx_http_set_log_request(connection->log, r);
  ngx_http_finalize_request(r, outcome);
  ngx_http_run_posted_requests(connection);
}

// ---- notify_errors ------------------------------------------------------------------------------

Result<void> ErrorsConf::merge(const MergeScope&, const ErrorsConf& parent) {
  if (!shape) {
    invalid_status = parent.invalid_status;
  }
  inherit(shape, parent.shape, ErrorShape::kDetail);
  return {};
}

Result<void> set_errors(ngx_conf_t*, Words words, ErrorsConf& conf) {
  for (const ShapeName& each : kShapeNames) {
    if (each.name == words[0]) {
      if (words.size() > 1) {
        const auto value = parameter(words[1], "invalid");
        const auto status = value ? parse_count(*value) : Result<std::uint64_t>(0);
        if (!status || *status < 400 || *status > 499) {
          return bad_parameter(words[1]);
        }
        conf.invalid_status = *status;
      }
      return assign(conf.shape, Result<ErrorShape>(each.shape));
    }
  }
  return conf.shape ? is_duplicate() : bad_value(words[0]);
}

}  // namespace notify
