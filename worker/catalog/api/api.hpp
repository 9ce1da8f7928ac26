#pragma once

// The API: a request comes in, is authenticated, becomes a job of SQL, and its answer goes out. One
// line of log for each. Bodies are judged before a job is made; a superuser's credentials, too.
//
// No answer and no line of log holds a key, a digest, SQL, or what the database said.

#include <functional>
#include <string>

#include "worker/catalog/answer.hpp"
#include "worker/catalog/api/router.hpp"
#include "worker/catalog/api/superuser.hpp"
#include "worker/catalog/api/user_token.hpp"
#include "worker/catalog/nouns/client_mirror.hpp"
#include "worker/catalog/send/acknowledger.hpp"
#include "worker/catalog/send/sender.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/net/target_address.hpp"
#include "worker/process/log.hpp"

namespace notify::worker {

class Api {
 public:
  using Respond = std::function<void(Answer)>;

  struct Options {
    std::string admin_name;
    std::string admin_password;
    std::string app_env;
    std::size_t most_providers = 256;
    TargetRule targets;
    TokenTimes token_times;
  };

  Api(redis::Host& host, Log& log, SqlPool& pool, ClientMirror& clients, Sender& sender,
      Acknowledger& acknowledger, const Options& options);

  // `respond` is called once, perhaps at once.
  void handle(const ApiRequest& request, Respond respond);
  // Called after a change of a provider or template.
  void on_providers_changed(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  void dispatch(const ApiRequest& request, const RouteMatch& match, const Respond& respond);
  void superuser(const ApiRequest& request, const RouteMatch& match, const Respond& respond);

  void create(const Noun& noun, const ApiRequest& request, const Respond& respond);
  void list(const RouteMatch& match, const ApiRequest& request, const Respond& respond);
  void find(const RouteMatch& match, const Respond& respond);
  void update(const RouteMatch& match, const ApiRequest& request, const Respond& respond);
  void deactivate(const RouteMatch& match, const Respond& respond);
  void regenerate_key(const RouteMatch& match, const Respond& respond);
  void client(const ApiRequest& request, const Route& route, const Respond& respond);
  void send(const ApiRequest& request, const Respond& respond);
  void token(const ApiRequest& request, const Respond& respond);
  void create_request(const ApiRequest& request, const Respond& respond);
  void status(const RouteMatch& match, const Respond& respond);
  void set_status(const RouteMatch& match, const ApiRequest& request, const Respond& respond);

  // What follows a change of this noun, before it is answered.
  void after_change(const Noun& noun, Answer answer, const Respond& respond);
  [[nodiscard]] std::string make_api_key(std::string_view client) const;

  redis::Host& host_;
  Log& log_;
  SqlPool& pool_;
  ClientMirror& clients_;
  Sender& sender_;
  Acknowledger& acknowledger_;
  Superuser superuser_;
  std::string app_env_;
  std::size_t most_providers_;
  TargetRule targets_;  // of providers
  TokenTimes token_times_;
  std::function<void()> changed_;
};

}  // namespace notify::worker
