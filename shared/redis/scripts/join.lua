-- A client becomes a consumer of a work queue: its name is leased to it. group.lua comes first and
-- makes sure that the group exists. A lease belongs to its token, one for each connection, so that
-- a name is taken on every nginx worker of every node, on this one too.
--
-- KEYS  notify:{S}:consumers:<G>
-- ARGV  consumer, token, limit, ttl in ms, a token whose connection is known to be gone (may be left
--       out)
--
-- Answers {'ok', limit}, or {'held', ms that are left of it, its token} if it is another one's. A
-- lease that lapsed, or whose connection is gone, is anybody's. Safe to repeat: who has it already
-- keeps its limit and figures.
-- A lease's layout: schema.hpp, Work queues.

local leases, gone = KEYS[1], ARGV[5]
local consumer, token, limit, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Redis refuses nothing for want of memory in a script that has written: this writes nothing. A full
-- one is emptied by consumers.
redis.call('HDEL', leases, '')

local received, finished = '0', '0'
local lease = redis.call('HGET', leases, consumer)
if lease then
  local expires, holder, kept_limit, kept_received, kept_finished =
    string.match(lease, '^(%d+) (%S+) (%d+) (%d+) (%d+)$')
  if holder == token then
    limit, received, finished = kept_limit, kept_received, kept_finished
  elseif expires and tonumber(expires) > now and holder ~= gone then
    return {'held', tonumber(expires) - now, holder}
  end
end
redis.call('HSET', leases, consumer,
  string.format('%.0f %s %s %s %s', now + ttl, token, limit, received, finished))
if redis.call('PTTL', leases) < ttl then
  redis.call('PEXPIRE', leases, ttl)
end
return {'ok', tonumber(limit)}
