#include "shared/redis/schema_catalog.hpp"

namespace notify::redis {

std::string provider_stream(std::string_view provider_id) {
  return "notify:{" + std::string(provider_id) + "}:outgoing";
}

}  // namespace notify::redis
