-- The budget of one destination, shared by all workers: a bucket of tokens, and a time before which
-- the destination has asked to be left alone. By Redis' clock. A bucket that nobody asked for until
-- it would be full again expires.
--
-- KEYS  notify:budget:{<sha256 of the destination>}
-- ARGV  'take', capacity, tokens per second      or  'hold', ms
--
-- Answers 0 if a token was taken, or how many ms to wait; for 'hold' the ms that are left of it.
-- Safe to repeat: a repeated take may cost a second token.

local key, operation = KEYS[1], ARGV[1]
local state = redis.call('HMGET', key, 'tokens', 'at', 'hold', 'full')
local hold = tonumber(state[3]) or 0
local full = tonumber(state[4]) or 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- %.0f: the default format would round a number this large.
local function keep()
  redis.call('PEXPIRE', key, string.format('%.0f', math.max(hold, full) - now + 1000))
end

if operation == 'hold' then
  hold = math.max(hold, now + tonumber(ARGV[2]))
  redis.call('HSET', key, 'hold', string.format('%.0f', hold))
  keep()
  return hold - now
end

if hold > now then
  return hold - now
end
local capacity, rate = tonumber(ARGV[2]), tonumber(ARGV[3])
local at = tonumber(state[2]) or now
local tokens = math.min(capacity, (tonumber(state[1]) or capacity)
  + math.max(0, now - at) * rate / 1000)
if tokens < 1 then
  return math.ceil((1 - tokens) * 1000 / rate)
end
tokens = tokens - 1
full = now + math.ceil((capacity - tokens) * 1000 / rate)
redis.call('HSET', key, 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now),
  'full', string.format('%.0f', full))
keep()
return 0
