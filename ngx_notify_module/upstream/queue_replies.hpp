#pragma once

// What Redis answers to the scripts of the work queues, as the queues understand it. Each script
// says at its top what it answers; what is shaped otherwise is an error that names the script, and
// nothing of it is believed. Values alone: no link, no clock.

#include <cstddef>
#include <optional>

#include "ngx_notify_module/queue/source.hpp"
#include "shared/base/result.hpp"
#include "shared/redis/reply.hpp"

namespace notify {

// Why there is no answer: none came, or it is an error.
std::optional<Error> failure_of(const Result<redis::Reply>& reply);
// The same for what a client is told: without where Redis is.
std::optional<Error> refusal_of(const Result<redis::Reply>& reply);

// group.lua: whether the group had been lost, and begins again at its mark.
Result<bool> parse_restored(const Result<redis::Reply>& reply);
// join.lua, without `restored` and `sign`.
Result<queue::Joined> parse_joined(const Result<redis::Reply>& reply);
// As many as were asked for: take.lua, claim.lua, audit.lua, recall.lua, renew.lua.
Result<queue::Taken> parse_taken(const Result<redis::Reply>& reply, std::size_t asked);
Result<queue::Claimed> parse_claimed(const Result<redis::Reply>& reply, std::size_t asked);
Result<queue::Audited> parse_audited(const Result<redis::Reply>& reply, std::size_t asked);
Result<queue::Recalled> parse_recalled(const Result<redis::Reply>& reply, std::size_t asked);
Result<queue::Renewed> parse_renewed(const Result<redis::Reply>& reply, std::size_t asked);

}  // namespace notify
