-- Removes the consumers of a group that nobody needs: no lease, nothing pending, long idle; and
-- leases that lapsed. Check and removal are one step, since removing a consumer throws its pending
-- entries away.
--
-- KEYS  stream, notify:{S}:consumers:<G>
-- ARGV  group, least idle time in ms, how many at most
--
-- Answers {'ok', consumers removed, leases dropped, live leases}; 'lost' for 'ok' if there is no
-- such group. Safe to repeat.

local stream, leases = KEYS[1], KEYS[2]
local group, idle, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local live, alive, dropped = {}, 0, 0
local all = redis.call('HGETALL', leases)
for i = 1, #all, 2 do
  local expires = string.match(all[i + 1], '^(%d+) ')
  if expires and tonumber(expires) > now then
    live[all[i]], alive = true, alive + 1
  else
    dropped = dropped + redis.call('HDEL', leases, all[i])
  end
end

local consumers = redis.pcall('XINFO', 'CONSUMERS', stream, group)
if consumers.err then
  return {'lost', 0, dropped, alive}
end
local removed = 0
for _, consumer in ipairs(consumers) do
  local facts = {}
  for i = 1, #consumer, 2 do
    facts[consumer[i]] = consumer[i + 1]
  end
  if removed < most and facts.pending == 0 and facts.idle >= idle and not live[facts.name] then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, facts.name)
    removed = removed + 1
  end
end
return {'ok', removed, dropped, alive}
