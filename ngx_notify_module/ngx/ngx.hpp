#pragma once

// The one door to nginx: its headers, and the vocabulary in which our code speaks to it. No other
// file includes an nginx header; files that know nothing of nginx do not include this one.

extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#if (NGX_THREADS)
#include <ngx_thread_pool.h>
#endif
}

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

extern "C" ngx_module_t ngx_http_notify_module;  // defined in module.cpp

namespace notify {

// ---- text ---------------------------------------------------------------------------------------

// An ngx_str_t may have a null pointer and a length of 0: a string_view may, too; std::string made
// from a bare pointer would throw.
inline std::string_view view(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}
inline std::string_view view(const u_char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
std::string_view view(const u_char*) = delete;
std::string_view view(const char*) = delete;

// An ngx_str_t of a string literal. The macro ngx_string() compiles for a pointer, too, and then
// takes its size for a length: outside of nginx's tables use this.
template <std::size_t N>
ngx_str_t lit(const char (&text)[N]) {
  return {N - 1, reinterpret_cast<u_char*>(const_cast<char*>(text))};
}

// A window on text that outlives the result; nginx does not say `const`, and must not write.
inline ngx_str_t borrow(std::string_view text) {
  return {text.size(), reinterpret_cast<u_char*>(const_cast<char*>(text.data()))};
}
ngx_str_t borrow(const char*) = delete;

// A copy in `pool`, followed by a NUL that is not counted. `data` is null when memory ran out.
inline ngx_str_t to_pool(ngx_pool_t* pool, std::string_view text) {
  auto* data = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
  if (data == nullptr) {
    return {0, nullptr};
  }
  if (!text.empty()) {
    std::memcpy(data, text.data(), text.size());
  }
  data[text.size()] = '\0';
  return {text.size(), data};
}
ngx_str_t to_pool(ngx_pool_t*, const char*) = delete;

// ---- memory -------------------------------------------------------------------------------------

// For what dies with the pool without a word: nothing would call a destructor.
template <class T, class... Args>
T* pool_new(ngx_pool_t* pool, Args&&... args) {
  static_assert(std::is_trivially_destructible_v<T>, "use adopt()");
  static_assert(alignof(T) <= NGX_ALIGNMENT, "a pool aligns to one machine word");
  void* place = ngx_palloc(pool, sizeof(T));
  return place == nullptr ? nullptr : new (place) T{std::forward<Args>(args)...};
}

// For what has a destructor: the pool owns the heap object from here on, and destroys it with its
// other cleanups (last registered, first run). Null, and the object destroyed, when memory ran out.
template <class T>
T* adopt(ngx_pool_t* pool, std::unique_ptr<T> object) {
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, 0);
  if (cleanup == nullptr) {
    return nullptr;
  }
  cleanup->handler = [](void* data) noexcept { delete static_cast<T*>(data); };
  cleanup->data = object.get();
  return object.release();
}

// ---- configuration ------------------------------------------------------------------------------

// What a directive's setter returns. nginx's own constants are void*, its messages const.
inline char* conf_ok() { return nullptr; }
inline char* conf_error() { return static_cast<char*>(NGX_CONF_ERROR); }
// "is duplicate" and the like: nginx puts the directive's name before it. Lives for ever.
template <std::size_t N>
char* conf_says(const char (&text)[N]) {
  return const_cast<char*>(text);
}

template <class T>
T* unset_ptr() {
  return static_cast<T*>(NGX_CONF_UNSET_PTR);
}
template <class T>
bool is_unset(const T* pointer) {
  return pointer == NGX_CONF_UNSET_PTR;
}

template <class T>
T* loc_conf(const ngx_http_request_t* r) {
  return static_cast<T*>(ngx_http_get_module_loc_conf(r, ngx_http_notify_module));
}
template <class T>
T* loc_conf(const ngx_conf_t* cf) {
  return static_cast<T*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_notify_module));
}
template <class T>
T* srv_conf(const ngx_http_request_t* r) {
  return static_cast<T*>(ngx_http_get_module_srv_conf(r, ngx_http_notify_module));
}
template <class T>
T* main_conf(const ngx_http_request_t* r) {
  return static_cast<T*>(ngx_http_get_module_main_conf(r, ngx_http_notify_module));
}
template <class T>
T* main_conf(const ngx_conf_t* cf) {
  return static_cast<T*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_notify_module));
}
// Null where there is no http{} block.
template <class T>
T* main_conf(const volatile ngx_cycle_t* cycle) {
  return static_cast<T*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_notify_module));
}

// Our context of a request, or null. An internal redirect wipes it.
template <class T>
T* request_context(const ngx_http_request_t* r) {
  return static_cast<T*>(ngx_http_get_module_ctx(r, ngx_http_notify_module));
}

// ---- log ----------------------------------------------------------------------------------------

// nginx's formats are not printf's, and a wrong argument compiles: text is put together elsewhere
// and comes here whole. nginx cuts a line at 2,048 bytes.
inline void log_text(ngx_uint_t level, ngx_log_t* log, std::string_view text, ngx_err_t error = 0) {
  ngx_log_error(level, log, error, "%*s", text.size(), text.data());
}

}  // namespace notify
