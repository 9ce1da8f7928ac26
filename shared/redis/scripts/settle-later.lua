-- A delivery is to be tried again later. The entry stays pending; its due record says when, by
-- Redis' clock, and how many attempts it has had. From now on any worker may take it (due.lua).
--
-- KEYS  stream, notify:{S}:due, notify:{S}:lease:<consumer>
-- ARGV  group, consumer, token, id, attempts so far, delay in ms
--
-- Answers the due time in ms, or 0 if it is not this worker's to decide: finished or cleared
-- meanwhile, or taken over. Safe to repeat.

local stream, due, lease = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, token, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local attempts, delay = tonumber(ARGV[5]), tonumber(ARGV[6])

local holder = redis.call('GET', lease)
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= consumer or (holder and holder ~= token) then
  return 0
end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000) + delay
local record, old_record = attempts .. ':' .. id, (pending[4] - 1) .. ':' .. id
-- First the one that can fail, where memory is full.
redis.call('ZADD', due, at, record)
if old_record ~= record then
  redis.call('ZREM', due, old_record)
end
redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', attempts + 1, 'JUSTID')
return at
