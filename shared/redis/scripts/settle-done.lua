-- A delivery succeeded: the entry is finished. It stays in the stream.
--
-- KEYS  stream, notify:{S}:due
--       and for a delivery that somebody will answer: the hash that remembers it (attempt.lua), and
--       the sorted set of those that wait
-- ARGV  group, id
--       and its name in the set, ms until its first reminder, and what the hash is to hold besides,
--       name and value in turn
--
-- Answers 1, or 0 if it was not pending (finished or cleared meanwhile: nothing changes). Whoever
-- holds it: what was delivered need not be delivered again. Safe to repeat.

local stream, due = KEYS[1], KEYS[2]
local group, id = ARGV[1], ARGV[2]

local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending then
  return 0
end
local record, waiting = KEYS[3], KEYS[4]
if record and redis.call('EXISTS', record) == 1 then
  local time = redis.call('TIME')
  redis.call('ZADD', waiting, 'NX',
    string.format('%.3f', time[1] + time[2] / 1000000 + ARGV[4] / 1000), ARGV[3])
  if ARGV[5] then
    redis.call('HSET', record, unpack(ARGV, 5))
  end
  redis.call('PERSIST', record)
end
redis.call('ZREM', due, (pending[4] - 1) .. ':' .. id)
return redis.call('XACK', stream, group, id)
