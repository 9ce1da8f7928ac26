-- Removes a consumer that nobody needs: no lease, nothing pending, long idle. Check and removal
-- are one step, since removing a consumer throws its pending entries away.
--
-- KEYS  stream, notify:{S}:lease:<name>
-- ARGV  group, name, least idle time in ms
--
-- Answers 1 if it was removed.

local stream, lease = KEYS[1], KEYS[2]
local group, name, idle = ARGV[1], ARGV[2], tonumber(ARGV[3])

if redis.call('EXISTS', lease) == 1 then
  return 0
end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local facts = {}
  for i = 1, #consumer, 2 do
    facts[consumer[i]] = consumer[i + 1]
  end
  if facts.name == name and facts.pending == 0 and facts.idle >= idle then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
    return 1
  end
end
return 0
