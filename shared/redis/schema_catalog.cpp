#include "shared/redis/schema_catalog.hpp"

namespace notify::redis {

std::string provider_stream(std::string_view provider_id) {
  return "notify:{" + std::string(provider_id) + "}:outgoing";
}

std::string user_stream(std::string_view app_env, std::string_view client, std::string_view user) {
  return std::string(app_env).append(kUsersStreams).append(client).append(":").append(user);
}

std::string users_group(std::string_view app_env) {
  return std::string(app_env) + ":notiq:notification_group";
}

std::string sweep_lease(std::string_view app_env) {
  return "notify:{catalog}:sweep:" + std::string(app_env);
}

}  // namespace notify::redis
