#include "worker/catalog/answer.hpp"

#include <algorithm>
#include <array>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

Answer shaped(int status, int code, std::string_view message, std::string_view member,
              std::string_view raw) {
  Answer answer;
  answer.status = status;
  answer.body.reserve(raw.size() + message.size() + 64);
  answer.body = "{\"status_code\":" + std::to_string(code) + ",\"message\":";
  json::append_quoted(answer.body, message);
  answer.body += ",\"";
  answer.body += member;
  answer.body += "\":";
  answer.body += raw;
  answer.body += "}";
  return answer;
}

}  // namespace

Answer success(int status, std::string_view message, std::string_view data_json) {
  return shaped(status, status, message, "data", data_json);
}

Answer failure(int status, int code, std::string_view message, std::string_view error) {
  return shaped(status, code, message, "error", json::quoted(error));
}

Answer http_failure(int status, std::string_view error) {
  return failure(status, status, "HTTP Exception", error);
}

Answer unauthorized(std::string_view error, std::string_view challenge) {
  auto answer = http_failure(401, error);
  answer.headers.emplace_back("WWW-Authenticate", challenge);
  return answer;
}

Answer too_many_failures(std::uint64_t wait_ms) {
  const auto seconds = std::to_string((wait_ms + 999) / 1000);
  auto answer = http_failure(429, "Too many failed attempts: try again in " + seconds + " s");
  answer.headers.emplace_back("Retry-After", seconds);
  return answer;
}

Answer not_json() {
  auto answer = http_failure(415, "Send JSON, with the header Content-Type: application/json");
  answer.headers.emplace_back("Accept", "application/json");
  return answer;
}

Answer wrong_key() { return unauthorized("Invalid or inactive API key", "ApiKey realm=\"notiq\""); }

Answer validation_failure(std::span<const FieldError> errors) {
  std::string list = "[";
  for (const auto& error : errors) {
    list += list.size() == 1 ? "{\"type\":" : ",{\"type\":";
    json::append_quoted(list, error.type);
    list += ",\"field_name\":";
    json::append_quoted(list, field_path(error));
    list += ",\"message\":";
    json::append_quoted(list, error.msg);
    list += "}";
  }
  return shaped(422, 422, "Validation Error", "error", list + "]");
}

Answer unavailable(int code, std::string_view error) {
  auto answer = failure(503, code == 0 ? 503 : code, "Service Unavailable", error);
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

bool says_json(const ApiRequest& request) {
  const std::string_view type = request.content_type;
  return (request.body.empty() && type.empty()) ||
         iequals(trim(type.substr(0, type.find(';'))), "application/json");
}

std::string_view reason_of(int status) {
  struct Reason {
    int status;
    std::string_view text;
  };
  constexpr std::array kReasons{
      Reason{200, "OK"},
      Reason{201, "Created"},
      Reason{400, "Bad Request"},
      Reason{401, "Unauthorized"},
      Reason{403, "Forbidden"},
      Reason{404, "Not Found"},
      Reason{405, "Method Not Allowed"},
      Reason{409, "Conflict"},
      Reason{413, "Content Too Large"},
      Reason{415, "Unsupported Media Type"},
      Reason{422, "Unprocessable Entity"},
      Reason{429, "Too Many Requests"},
      Reason{500, "Internal Server Error"},
      Reason{503, "Service Unavailable"},
  };
  const auto* found = std::find_if(kReasons.begin(), kReasons.end(),
                                   [status](const Reason& each) { return each.status == status; });
  return found == kReasons.end() ? std::string_view("Unknown") : found->text;
}

FieldError path_error(std::string_view name, std::string_view type, std::string_view message,
                      std::string_view input) {
  return {std::string(type),    {"path", std::string(name)}, std::nullopt,
          std::string(message), json::quoted(input),         {}};
}

}  // namespace notify::worker
