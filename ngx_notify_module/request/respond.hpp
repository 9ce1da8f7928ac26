#pragma once

// Everything that a client sees, but for streams, leaves through here: one place that discards what
// is unread of a body (so that the connection goes on), sets the head, and gives an error the
// location's shape.

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/base/result.hpp"
#include "shared/model/validation.hpp"

namespace notify {

enum class ErrorShape {
  kDetail,    // {"detail":"…"}
  kText,      // the text and a line end, as text/plain
  kEnvelope,  // {"status_code":400,"message":"…","error":"…"}
};

struct ErrorsConf {
  std::optional<ErrorShape> shape;
  ngx_uint_t invalid_status = 0;  // of what is wrong with fields; 0: the shape's own
  Result<void> merge(const MergeScope& scope, const ErrorsConf& parent);
};

Result<void> set_errors(ngx_conf_t* cf, Words words, ErrorsConf& conf);

inline constexpr std::array kErrorsDirectives{
    directive<"notify_errors", &set_errors>(kHttpServerLocation | NGX_CONF_TAKE12),
};

struct Header {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// Sends a whole response. What it returns is for ngx_http_finalize_request() or for a content
// handler to return. All texts are copied.
ngx_int_t respond(ngx_http_request_t* r, ngx_uint_t status, std::string_view content_type,
                  std::string_view body, std::span<const Header> headers = {});

// The head alone, of an answer whose length is not known: the body follows through nginx's filters.
ngx_int_t respond_head(ngx_http_request_t* r, ngx_uint_t status, std::string_view content_type);

// The same in the location's error shape.
ngx_int_t fail(ngx_http_request_t* r, ngx_uint_t status, std::string_view message,
               std::span<const Header> headers = {});
// 422 with the list of what is wrong.
ngx_int_t fail(ngx_http_request_t* r, std::span<const FieldError> errors);
// The status that the error's kind stands for; kUnavailable and kUnknownOutcome carry Retry-After.
ngx_int_t fail(ngx_http_request_t* r, const Error& error);

// ---- requests that wait -------------------------------------------------------------------------

// Takes a reference and waits: for a content handler that has sent a command, to return. A client
// that leaves meanwhile ends the request (and with it the command's handle, in its context).
ngx_int_t park(ngx_http_request_t* r);

// The same for a phase that nginx runs again: no reference is taken, since nobody but
// resume_phases() goes on with the request. What it returns is for the phase's handler to return.
ngx_int_t wait_in_phase(ngx_http_request_t* r);
// From an event that is not the connection's. The request may be gone afterwards.
void resume_phases(ngx_http_request_t* r) noexcept;

// The end of a parked request, from an event that is not its connection's (a reply of Redis). The
// request may be gone afterwards.
void finish(ngx_http_request_t* r, ngx_int_t outcome);

// The same with what `answer` returns. Nobody below catches for us, and nobody else would end the
// request.
template <class Answer>
void finish_with(ngx_http_request_t* r, Answer&& answer) noexcept {
  ngx_int_t outcome = NGX_HTTP_INTERNAL_SERVER_ERROR;
  try {
    outcome = answer();
  } catch (...) {
    entry_detail::report(r->connection->log, "the answer to a request");
  }
  finish(r, outcome);
}

}  // namespace notify
