#pragma once

// The functions that nginx calls, made safe: an exception must not reach a frame of C, where it
// would end the process and every client with it.
//
//   {ngx_string("notify_publish"), …, entry<&set_publish>, …}
//   event.handler = entry<&on_timer>;
//   v->get_handler = entry_or<&get_variable, NGX_ERROR>;
//
// A wrapper catches once, logs once (an alert: it is a bug, or memory ran out) and answers
//   a handler of a request (ngx_int_t)   NGX_HTTP_INTERNAL_SERVER_ERROR
//   another ngx_int_t                    NGX_ERROR
//   a setter (char*)                     NGX_CONF_ERROR
//   another pointer                      nullptr
//   void                                 nothing
// or what entry_or<> says.

#include <exception>
#include <type_traits>

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {
namespace entry_detail {

// A request or connection may be gone by the time that its handler throws, and its log with it.
template <class T>
ngx_log_t* log_of(T&&) {
  return ngx_cycle->log;
}
inline ngx_log_t* log_of(ngx_conf_t* cf) { return cf->log; }
inline ngx_log_t* log_of(ngx_cycle_t* cycle) { return cycle->log; }

// `signature` is gcc's of Entry::call(), which names the function among other things.
[[gnu::cold]] inline void report(ngx_log_t* log, std::string_view signature) noexcept {
  const std::size_t name = signature.find("...) = ");
  if (name != std::string_view::npos) {
    signature.remove_prefix(name + 7);
    signature = signature.substr(0, signature.find(';'));
  }
  try {
    throw;
  } catch (const std::exception& error) {
    ngx_log_error(NGX_LOG_ALERT, log, 0, "notify: exception \"%s\" in %*s", error.what(),
                  signature.size(), signature.data());
  } catch (...) {
    ngx_log_error(NGX_LOG_ALERT, log, 0, "notify: exception of an unknown type in %*s",
                  signature.size(), signature.data());
  }
}

struct ByType {};

template <class R, class First>
R failure() {
  if constexpr (std::is_same_v<R, ngx_int_t>) {
    return std::is_same_v<First, ngx_http_request_t*> ? NGX_HTTP_INTERNAL_SERVER_ERROR : NGX_ERROR;
  } else if constexpr (std::is_same_v<R, char*>) {
    return conf_error();
  } else {
    static_assert(std::is_pointer_v<R>, "say with entry_or<> what a failure answers");
    return nullptr;
  }
}

template <auto Function, auto Failure>
struct Entry;

template <class R, class First, class... Rest, R (*Function)(First, Rest...), auto Failure>
struct Entry<Function, Failure> {
  static R call(First first, Rest... rest) noexcept {
    ngx_log_t* log = log_of(first);
    try {
      return Function(first, rest...);
    } catch (...) {
      report(log, __PRETTY_FUNCTION__);
    }
    if constexpr (std::is_void_v<R>) {
      return;
    } else if constexpr (std::is_same_v<std::remove_cv_t<decltype(Failure)>, ByType>) {
      return failure<R, First>();
    } else {
      return static_cast<R>(Failure);
    }
  }
};

}  // namespace entry_detail

template <auto Function>
inline constexpr auto entry = &entry_detail::Entry<Function, entry_detail::ByType{}>::call;

template <auto Function, auto Failure>
inline constexpr auto entry_or = &entry_detail::Entry<Function, Failure>::call;

}  // namespace notify
