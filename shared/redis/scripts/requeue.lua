-- Entries that were given to a consumer, and that its client never saw: it had left before the answer
-- came, or there was no answer. They count as late from now on, as if they had not been delivered, and
-- the queue's consumers are called.
--
-- KEYS  stream
-- ARGV  group, control channel, consumer, then ids
--
-- Answers how many those are; what is not pending for that consumer any more is left alone. Not to be
-- repeated: it may have been given them anew.

local LONG_AGO = 365 * 24 * 3600 * 1000  -- ms: beyond any ack timeout

local stream, group, channel, consumer = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local count = 0
for i = 4, #ARGV do
  local pending = redis.pcall('XPENDING', stream, group, ARGV[i], ARGV[i], 1)
  if pending.err then
    return count  -- the group is gone, and its entries with it
  end
  local item = pending[1]
  if item and item[2] == consumer then
    redis.call('XCLAIM', stream, group, consumer, 0, ARGV[i], 'IDLE', LONG_AGO,
      'RETRYCOUNT', math.max(item[4] - 1, 0), 'JUSTID')
    count = count + 1
  end
end
if count > 0 then
  redis.pcall('PUBLISH', channel, 'reclaim')
end
return count
