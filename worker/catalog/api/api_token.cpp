#include "worker/catalog/api/api.hpp"

namespace notify::worker {
namespace {

using sql::Session;

// What is wrong with the body is told to clients only: the key is looked up first.
Result<Answer> answer_order(Session& session, const std::string& key, const std::string& body,
                            const TokenTimes& times) {
  const auto client = find_client(session, hex(sha256(key)));
  if (!client) {
    return client.error();
  }
  if (!*client) {
    return wrong_key();
  }
  const auto order = read_token_order(body, times);
  if (!order.ok()) {
    return validation_failure(order.errors);
  }
  const auto deactivated = is_deactivated(session, **client, order.user_id);
  if (!deactivated) {
    return deactivated.error();
  }
  return *deactivated ? http_failure(403, "The receiver of this user is inactive")
                      : make_user_token(order, (*client)->name, key);
}

}  // namespace

// A user's pass for the sockets of the client whose key came.
void Api::token(const ApiRequest& request, const Respond& respond) {
  pool_.submit<Answer>([key = request.api_key, body = request.body, times = token_times_](
                           Session& session) { return answer_order(session, key, body, times); },
                       [respond](Result<Answer> answer) {
                         if (!answer) {
                           return respond(answer.error().kind == ErrorKind::kUnavailable
                                              ? unavailable(0, "The database does not answer")
                                              : http_failure(500, "Internal Server Error"));
                         }
                         respond(std::move(*answer));
                       });
}

}  // namespace notify::worker
