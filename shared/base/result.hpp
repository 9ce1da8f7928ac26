#pragma once

// Expected failure as a value. The product throws nothing of its own: what can go wrong by a
// client's, a peer's or an operator's doing is a Result; exceptions are left to bugs and to
// memory running out, and stop at each entry point.

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace notify {

// What kind of failure, so that a caller can choose a status without reading the text.
enum class ErrorKind {
  kInvalid,         // the input is malformed or out of range
  kUnauthorized,    // no credentials, or wrong ones
  kForbidden,       // known, but not allowed
  kNotFound,        // what was named does not exist
  kConflict,        // the state of things does not allow it
  kTooLarge,        // over a limit that a directive or setting names
  kTooMany,         // more often than is allowed; nothing was done
  kUnavailable,     // Redis (or another peer) is away; nothing was done
  kUnknownOutcome,  // it was sent, and no answer came: it may have been done
  kInternal,        // a reply or a state that should not exist
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;  // for people; never holds a secret
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() { return *std::get_if<0>(&state_); }
  const T& value() const { return *std::get_if<0>(&state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }

  Error& error() { return *std::get_if<1>(&state_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  Error& error() { return *error_; }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

inline Error invalid(std::string message) { return {ErrorKind::kInvalid, std::move(message)}; }

}  // namespace notify
