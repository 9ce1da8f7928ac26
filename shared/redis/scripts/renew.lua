-- Keeps the leases of one nginx worker's consumers of a group. One that lapsed and that nobody
-- else took meanwhile (Redis was away, the key was lost) goes on.
--
-- KEYS  notify:{S}:consumers:<G>
-- ARGV  ttl in ms, then consumer, token, limit as last known; and so on
--
-- Answers each one's limit, in that order; -1 for a name that is another one's now. Safe to repeat.

local leases, ttl = KEYS[1], tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires = string.format('%.0f', now + ttl)

-- Redis refuses nothing for want of memory in a script that has written: this writes nothing. A full
-- one is emptied by consumers.
redis.call('HDEL', leases, '')

local limits = {}
for i = 2, #ARGV, 3 do
  local consumer, token, limit = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local lease = redis.call('HGET', leases, consumer)
  local holder, figures
  if lease then
    holder, limit, figures = string.match(lease, '^%d+ (%S+) (%d+) (%d+ %d+)$')
  end
  if holder and holder ~= token then
    limits[#limits + 1] = -1
  else
    limit = limit or ARGV[i + 2]
    redis.call('HSET', leases, consumer,
      expires .. ' ' .. token .. ' ' .. limit .. ' ' .. (figures or '0 0'))
    limits[#limits + 1] = tonumber(limit)
  end
end
if redis.call('PTTL', leases) < ttl then
  redis.call('PEXPIRE', leases, ttl)
end
return limits
