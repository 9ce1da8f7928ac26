#include "worker/catalog/answer.hpp"

#include "shared/base/json.hpp"

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

FieldError path_error(std::string_view name, std::string_view type, std::string_view message,
                      std::string_view input) {
  return {std::string(type),    {"path", std::string(name)}, std::nullopt,
          std::string(message), json::quoted(input),         {}};
}

}  // namespace notify::worker
