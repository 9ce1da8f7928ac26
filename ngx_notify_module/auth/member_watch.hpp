#pragma once

// Whether somebody who stays is a member still (notify_member): the hash is looked at every so
// often. Redis away proves nothing: it is asked again later. Nor does one look: the hash may have
// been lost, and be about to be written anew.
//
//   Resting ──(the time is over)──► Asking ──(still, or no answer)──► Resting
//                                     ├──(no more, the first time)──► Resting, for kAgain at most
//                                     └──(again no more)──► `gone` is called, once

#include <chrono>
#include <functional>
#include <string>

#include "ngx_notify_module/ngx/event.hpp"
#include "shared/redis/client.hpp"

namespace notify {

struct Membership {
  std::string hash;
  std::string name;
  std::string user;        // of the member; empty: it does not matter who
  std::string key_digest;  // that the field has to hold; empty: any
};

redis::Command member_command(const Membership& membership);
// The answer to it: the member's digest. kForbidden if it is no member, or this user of its is shut
// out.
Result<std::string> judge_member(const Result<redis::Reply>& reply, const std::string& key_digest);

class MemberWatch {
 public:
  static constexpr std::chrono::milliseconds kAgain{5'000};

  // `commands` outlives it. `gone` may destroy it.
  MemberWatch(redis::Client& commands, Membership membership, std::chrono::milliseconds interval,
              std::function<void()> gone);

 private:
  void ask();

  redis::Client& commands_;
  Membership membership_;
  std::chrono::milliseconds interval_;
  std::function<void()> gone_;
  redis::Pending pending_;
  EventTimer timer_;
  bool missed_ = false;
};

}  // namespace notify
