-- Hands this worker the retries that are due, whoever held them. They were pending all along and
-- stay so: XCLAIM, never a new XADD. Their attempts pass into the group's delivery counter (1 +
-- attempts), so a worker that dies now loses neither entry nor count: reclaim.lua finds both.
--
-- KEYS  stream, notify:{S}:due, notify:{S}:lease:<consumer>
-- ARGV  group, consumer, token, how many at most
--
-- Answers {'ok', ms until the next one (-1: none), {{id, attempts, fields}…}, {id whose body is
-- gone…}}, or {'lost'} if the consumer name is not this worker's any more.

local stream, due, lease = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, token, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

if redis.call('GET', lease) ~= token then
  return {'lost'}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local handed, gone = {}, {}

if limit > 0 then
  for _, record in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit)) do
    local attempts, id = string.match(record, '^(%d+):(%d+%-%d+)$')
    -- Before the first write: this one fails where the group is lost.
    local pending = id and redis.call('XPENDING', stream, group, id, id, 1)[1]
    redis.call('ZREM', due, record)
    if pending then
      local entry = redis.call('XRANGE', stream, id, id)[1]
      if entry then
        redis.call('XCLAIM', stream, group, consumer, 0, id,
          'RETRYCOUNT', tonumber(attempts) + 1, 'JUSTID')
        handed[#handed + 1] = {id, tonumber(attempts), entry[2]}
      else
        redis.call('XACK', stream, group, id)
        gone[#gone + 1] = id
      end
    end
  end
end

local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
local wait = -1
if first then
  wait = math.max(0, tonumber(first) - now)
end
return {'ok', wait, handed, gone}
