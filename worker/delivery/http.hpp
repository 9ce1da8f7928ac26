#pragma once

// What targets and the HTTP client say to each other. Values only.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace notify::worker {

struct HttpRequest {
  std::string method = "POST";
  std::string url;  // may be a secret as a whole (webhooks): see display_url()
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The operator named the host (SLACK_WEBHOOK_URL): it may have any address, and be behind a
  // proxy. Otherwise the URL came by the API: see worker/net/target_address.hpp.
  bool trusted = false;
};

enum class HttpOutcome {
  kAnswered,  // `status` and what follows it are set
  kTimeout,   // unknown outcome: the receiver may have accepted it
  kFailed,    // no connection, no TLS, hung up: unknown outcome too, once it was sent
  kRefused,   // the request cannot be sent at all (malformed URL, an address that is not allowed)
};

struct HttpResult {
  HttpOutcome outcome = HttpOutcome::kFailed;
  long status = 0;
  std::string retry_after;  // header, trimmed; empty if there is none
  std::string date;         // header, likewise
  std::string body;         // its first 64 kB
  std::string error;        // when there was no answer; never holds the URL
  bool cut = false;         // the body's end did not come
  // It came from an address that not everybody can reach, and that the operator has not named: what
  // it says is nobody's business.
  bool internal = false;
  std::int64_t received_unix_ms = 0;
  std::chrono::milliseconds took{0};
};

// For logs: "https://hooks.example/…". Path, query and credentials are secrets.
std::string display_url(std::string_view url);

}  // namespace notify::worker
