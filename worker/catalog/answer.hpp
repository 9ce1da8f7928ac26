#pragma once

// What the catalogue's API is asked, and what it answers: values, and the shapes of the bodies.
//
//   {"status_code":200,"message":"…","data":…}        done
//   {"status_code":2004,"message":"…","error":…}      not done; the code tells more than HTTP's

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/model/validation.hpp"

namespace notify::worker {

struct ApiRequest {
  std::string method;
  std::string path;   // raw
  std::string query;  // without `?`
  std::string body;
  std::string authorization;
  std::string api_key;
  std::string content_type;
  std::string address;     // the client's, as nginx says; empty: it did not come through nginx
  std::string request_id;  // nginx's
  std::string user_id;     // X-User-ID, for the log
};

struct Answer {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// The application's codes, by noun: what could not be made, found or changed.
struct Codes {
  int create = 0;
  int missing = 0;
  int change = 0;
};
inline constexpr Codes kClientCodes{2001, 2004, 2002};
inline constexpr Codes kChannelCodes{2101, 2105, 2102};
inline constexpr Codes kProviderCodes{2201, 2205, 2202};
inline constexpr Codes kReceiverCodes{2301, 2305, 2302};
inline constexpr Codes kTemplateCodes{2401, 2407, 2402};
inline constexpr Codes kRequestCodes{2501, 2502, 2503};
inline constexpr int kAcknowledgeFailed = 2504;

Answer success(int status, std::string_view message, std::string_view data_json);
Answer failure(int status, int code, std::string_view message, std::string_view error);
// What HTTP itself has a name for: status_code is the status.
Answer http_failure(int status, std::string_view error);
Answer unauthorized(std::string_view error, std::string_view challenge);
Answer too_many_failures(std::uint64_t wait_ms);  // 429 with Retry-After
Answer not_json();                                // 415: a body that does not say that it is JSON
Answer wrong_key();  // a client's: missing, unknown, or its owner is inactive
Answer validation_failure(std::span<const FieldError> errors);
// 503 with Retry-After. `code` as in failure(); 0: the status.
Answer unavailable(int code, std::string_view error);

// Whether it has no body, or one that says that it is JSON. A browser sends a form of any page,
// with the types that forms have and with what it remembers of passwords; JSON it sends only where
// it was told that it may.
bool says_json(const ApiRequest& request);

// What stands behind the status in the first line of an answer (RFC 9110, section 15).
std::string_view reason_of(int status);

// An error of one part of a path: 422 as for a body.
FieldError path_error(std::string_view name, std::string_view type, std::string_view message,
                      std::string_view input);

}  // namespace notify::worker
