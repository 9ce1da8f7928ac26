-- Sets how many entries each consumer of a group that is connected now may have in flight. Counts
-- from here on: take.lua and claim.lua look at it.
--
-- KEYS  notify:{S}:consumers:<G>
-- ARGV  control channel, limit
--
-- Answers how many consumers that are; 0 and nothing happens if there are none. Safe to repeat.

local leases, channel, limit = KEYS[1], ARGV[1], ARGV[2]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Redis refuses nothing for want of memory in a script that has written: this writes nothing. A full
-- one is emptied by consumers.
redis.call('HDEL', leases, '')

local count = 0
local all = redis.call('HGETALL', leases)
for i = 1, #all, 2 do
  local expires, token, figures = string.match(all[i + 1], '^(%d+) (%S+) %d+ (%d+ %d+)$')
  if expires and tonumber(expires) > now then
    redis.call('HSET', leases, all[i], expires .. ' ' .. token .. ' ' .. limit .. ' ' .. figures)
    count = count + 1
  end
end
if count > 0 then
  redis.pcall('PUBLISH', channel, 'limit ' .. limit)
end
return count
