-- A delivery succeeded: the entry is finished. It stays in the stream.
--
-- KEYS  stream, notify:{S}:due
-- ARGV  group, id
--
-- Answers 1, or 0 if it was not pending (finished or cleared meanwhile: nothing changes). Whoever
-- holds it: what was delivered need not be delivered again. Safe to repeat.

local stream, due = KEYS[1], KEYS[2]
local group, id = ARGV[1], ARGV[2]

local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending then
  return 0
end
redis.call('ZREM', due, (pending[4] - 1) .. ':' .. id)
return redis.call('XACK', stream, group, id)
