-- Keeps what waits for a provider within a bound. Where the stream is longer, what is finished goes
-- first; if that is not enough the oldest entries that nobody has taken become dead letters (the
-- layout stands in settle-dead.lua), so that nothing vanishes without a word.
--
-- KEYS  stream, notify:{S}:dead
-- ARGV  group, entries at most, dead letters at most in this call, how many dead letters are kept
--       (about), reason
--
-- Answers how many became dead letters; as many as may be: there are more. Safe to repeat.

local stream, dead = KEYS[1], KEYS[2]
local group, most, page, keep, reason = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]

if redis.call('EXISTS', stream) == 0 or redis.call('XLEN', stream) <= most then
  return 0
end
local last
for _, known in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local facts = {}
  for i = 1, #known, 2 do
    facts[known[i]] = known[i + 1]
  end
  if facts.name == group then
    last = facts['last-delivered-id']
  end
end
if not last then
  return 0
end

-- The oldest that is pending, and all after it, stay; else what was delivered last.
local pending = redis.call('XPENDING', stream, group)
redis.call('XTRIM', stream, 'MINID', pending[1] > 0 and pending[2] or last)

local over = math.min(redis.call('XLEN', stream) - most, page)
if over <= 0 then
  return 0
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local buried = 0
for _, entry in ipairs(redis.call('XRANGE', stream, '(' .. last, '+', 'COUNT', over)) do
  redis.call('XADD', dead, 'MAXLEN', '~', keep, '*', 'notify-id', entry[1], 'notify-group', group,
    'notify-reason', reason, 'notify-attempts', '0', 'notify-at', now, unpack(entry[2]))
  redis.call('XDEL', stream, entry[1])
  buried = buried + 1
end
return buried
