-- An attempt is about to go on the wire: may it? Records that it was begun, so that one that kills
-- its worker counts. The group's delivery counter of a pending entry is 1 + its attempts.
--
-- KEYS  stream, notify:{S}:lease:<consumer>, notify:{S}:due
--       and for a delivery that somebody will answer: the hash that remembers it
-- ARGV  group, consumer, token, id, attempts before this one
--       and what the hash holds, name and value in turn
--
-- The hash is there before anybody can see the delivery. It stays a day; settle-done.lua keeps it.
--
-- Answers
--   ok       go on
--   gone     it is no longer pending (cleared, or finished), another consumer has it, or it waits
--            for a retry whose time has not come
--   trimmed  it was pending but its body is gone: acknowledged now
--   lost     the consumer name is not this worker's any more
-- Safe to repeat.

local stream, lease, due = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, token, id, attempts = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

if redis.call('GET', lease) ~= token then
  return 'lost'
end
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= consumer then
  return 'gone'
end
local retry = (pending[4] - 1) .. ':' .. id
local at = redis.call('ZSCORE', due, retry)
if at then
  local time = redis.call('TIME')
  if tonumber(at) > time[1] * 1000 + math.floor(time[2] / 1000) then
    return 'gone'
  end
  redis.call('ZREM', due, retry)
end
if #redis.call('XRANGE', stream, id, id) == 0 then
  redis.call('XACK', stream, group, id)
  return 'trimmed'
end
local record = KEYS[4]
if record then
  if redis.call('EXISTS', record) == 0 then
    redis.call('HSET', record, unpack(ARGV, 6))
  end
  redis.call('PEXPIRE', record, 86400000)
end
redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', attempts + 2, 'JUSTID')
return 'ok'
