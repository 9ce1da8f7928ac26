-- A consumer goes: its name is free at once. It is removed from the group if nothing is pending on
-- it; check and removal are one step, since removing a consumer throws its pending entries away.
--
-- KEYS  stream, notify:{S}:consumers:<G>
-- ARGV  group, consumer, token
--
-- Answers 0 if the name is another one's now (nothing happens), 1 if it was given back, 2 if the
-- consumer was removed, too. Safe to repeat.

local stream, leases = KEYS[1], KEYS[2]
local group, consumer, token = ARGV[1], ARGV[2], ARGV[3]

local lease = redis.call('HGET', leases, consumer)
if lease then
  local holder = string.match(lease, '^%d+ (%S+) ')
  if holder and holder ~= token then
    return 0
  end
  redis.call('HDEL', leases, consumer)
end
local pending = redis.pcall('XPENDING', stream, group, '-', '+', 1, consumer)
if pending.err or #pending > 0 then
  return 1  -- with a group that is gone, so is the consumer
end
redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
return 2
