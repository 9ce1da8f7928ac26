#pragma once

// An acknowledgement, from either side:
//
//   POST /api/notification/acknowledge ─► XACK (acknowledge.lua) ─► rows ACCEPTED ─► answered
//                                                   │ database away
//                                                   ▼
//   stream notify:{catalog}:acks       ─► the same, a page at a time ─► its entries are deleted
//
// The stream is how nginx tells of what was acknowledged on a socket: `XADD notify:{catalog}:acks *
// stream <user's stream> id <entry>`, as often as it likes. An entry that this worker took and did
// not finish is taken again by it, or by another one after kLeft. What belongs to no user's stream
// is dropped.
//
// Bounds: kPage acknowledgements at a time; a look every kEvery, at once while pages are full.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/catalog/answer.hpp"
#include "worker/catalog/send/notification.hpp"
#include "worker/catalog/send/send_store.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class Acknowledger {
 public:
  static constexpr std::size_t kPage = 200;
  static constexpr std::chrono::milliseconds kEvery{200};
  static constexpr std::chrono::milliseconds kLeft{15'000};

  struct Options {
    std::string app_env;
    std::string consumer;  // this worker's token
  };

  Acknowledger(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool, Options options);

  void on_link(bool ready);
  void stop();

  // A client acknowledges; nothing is learned of what is not its own.
  void acknowledge(const std::string& key_digest, const Acknowledgement& body,
                   const std::function<void(Answer)>& respond);

 private:
  struct Told {
    std::string entry;  // in the stream of acknowledgements
    std::string stream;
    std::string id;
  };
  // All of one user.
  struct Batch {
    std::string stream;
    std::vector<std::string> ids;
    std::vector<std::string> entries;
  };

  void look();
  void on_entries(std::vector<Told> told, bool full);
  void next(std::shared_ptr<std::vector<Batch>> batches, bool full);
  void finish(const Batch& batch);
  // Whose entries they are; `client_id` or `client_name`: the one that is known.
  struct Owner {
    std::string app_env;
    std::string client_id;
    std::string client_name;
    std::string user_id;
  };
  static std::optional<Owner> owner_of(std::string_view stream);
  void take(const std::string& stream, const std::vector<std::string>& ids, const Owner& owner,
            std::function<void(Result<std::vector<Accepted>>)> done);
  void record(const Owner& owner, std::vector<Accepted> accepted,
              std::function<void(Result<bool>)> done);
  // Tells the stream of acknowledgements, as nginx does; `done` with whether all of it stands
  // there.
  void owe(const std::string& stream, const std::vector<std::string>& ids,
           std::function<void(bool)> done);
  void again(std::chrono::milliseconds after);

  Log& log_;
  SqlPool& pool_;
  Calls calls_;
  Options options_;
  std::unique_ptr<redis::Timer> timer_;
  bool ready_ = false;
  bool grouped_ = false;
  bool busy_ = false;
  bool own_done_ = false;  // what we had taken in an earlier life
  unsigned looks_ = 0;
};

}  // namespace notify::worker
