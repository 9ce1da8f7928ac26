#include "worker/catalog/api.hpp"

namespace notify::worker {

// A user's pass for the sockets of the client whose key came.
void Api::token(const ApiRequest& request, const Respond& respond) {
  pool_.submit<std::optional<Client>>(
      [digest = hex(sha256(request.api_key))](sql::Session& session) {
        return find_client(session, digest);
      },
      [key = request.api_key, body = request.body, times = token_times_,
       respond](const Result<std::optional<Client>>& client) {
        if (!client) {
          return respond(client.error().kind == ErrorKind::kUnavailable
                             ? unavailable(0, "The database does not answer")
                             : http_failure(500, "Internal Server Error"));
        }
        respond(*client ? make_user_token(body, times, (*client)->name, key) : wrong_key());
      });
}

}  // namespace notify::worker
