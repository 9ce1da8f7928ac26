#include "worker/process/redis_calls.hpp"

#include <iterator>
#include <utility>

#include "shared/redis/schema.hpp"

namespace notify::worker {
namespace {

Error error_of(const redis::Reply& reply) {
  const bool missing =
      reply.error_code() == "NOGROUP" || reply.text().find("no such key") != std::string_view::npos;
  return {missing ? ErrorKind::kNotFound : ErrorKind::kInternal, std::string(reply.text())};
}

}  // namespace

void Calls::script(const redis::Script& script, std::vector<std::string> keys,
                   std::vector<std::string> arguments, redis::Milliseconds wait,
                   redis::Completion completion) {
  redis::Command call;
  call.script = &script;
  call.repeat = redis::Repeat::kSafe;
  call.wait = wait;
  call.arguments = {"EVALSHA", std::string(script.sha1), std::to_string(keys.size())};
  std::move(keys.begin(), keys.end(), std::back_inserter(call.arguments));
  std::move(arguments.begin(), arguments.end(), std::back_inserter(call.arguments));
  command(std::move(call), std::move(completion));
}

void Calls::command(redis::Command command, redis::Completion completion) {
  command.sender = sender_;
  client_
      .submit(std::move(command),
              [alive = std::weak_ptr(alive_),
               completion = std::move(completion)](Result<redis::Reply> result) {
                if (alive.expired()) {
                  return;
                }
                if (result && result->is_error()) {
                  completion(error_of(*result));
                } else {
                  completion(std::move(result));
                }
              })
      .release();
}

}  // namespace notify::worker
