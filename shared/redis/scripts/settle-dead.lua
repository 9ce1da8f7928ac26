-- A delivery has failed for good: a copy with the reason goes to the dead letters, the entry is
-- finished. A dead letter's first five fields are ours, in this order, the original ones follow as
-- they were (they may bear the same names):
--
--   notify-id        the entry's id in its stream
--   notify-group     the group that gave up
--   notify-reason    for people
--   notify-attempts  how many went on the wire
--   notify-at        when, in ms
--
-- KEYS  stream, notify:{S}:dead, notify:{S}:due, notify:{S}:lease:<consumer>
-- ARGV  group, consumer, token, id, reason, attempts, how many dead letters are kept (about)
--
-- Answers the dead letter's id, or '' if it is not this worker's to decide: finished or cleared
-- meanwhile, or taken over. 'trimmed' if the body was gone: acknowledged. Safe to repeat.

local stream, dead, due, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, consumer, token, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local reason, attempts, keep = ARGV[5], ARGV[6], ARGV[7]

local holder = redis.call('GET', lease)
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= consumer or (holder and holder ~= token) then
  return ''
end
local record = (pending[4] - 1) .. ':' .. id
local entry = redis.call('XRANGE', stream, id, id)[1]
if not entry then
  redis.call('ZREM', due, record)
  redis.call('XACK', stream, group, id)
  return 'trimmed'
end

-- Lua cannot hand over more than some 8,000 arguments at once.
local fields, limit = entry[2], 7000
local count = #fields
if count > limit then
  count = limit
  reason = reason .. ' (' .. (#fields - limit) / 2 .. ' of its fields left out)'
end
local time = redis.call('TIME')
-- First the one that can fail, where memory is full.
local letter = redis.call('XADD', dead, 'MAXLEN', '~', keep, '*', 'notify-id', id,
  'notify-group', group, 'notify-reason', reason, 'notify-attempts', attempts,
  'notify-at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
  unpack(fields, 1, count))
redis.call('ZREM', due, record)
redis.call('XACK', stream, group, id)
return letter
