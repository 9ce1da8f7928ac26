-- What became of a publication whose answer was lost? Where nothing was published, nothing will be
-- any more: publish.lua finds the mark under the idempotency key, and does nothing.
--
-- KEYS  stream, notify:{S}:idem:<sha256>
-- ARGV  the mark, how long it stays in ms
--
-- Answers the entry's id, or '' where there is none. Safe to repeat.

local idem, mark = KEYS[2], ARGV[1]

local known = redis.call('GET', idem)
local id = known and string.match(known, '^(%S+)')
if id and id ~= mark then
  return id
end
redis.call('SET', idem, mark, 'PX', ARGV[2])
return ''
