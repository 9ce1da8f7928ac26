-- Rings the bell of a work queue if an entry of it was not finished in time: nginx workers whose
-- consumers have room claim it then (claim.lua).
--
-- KEYS  stream
-- ARGV  group, control channel, ack timeout in ms
--
-- Answers {'ok', pending entries, 1 if it rang}, or {'lost'} if there is no such group.
-- Safe to repeat. Where nothing is late Redis walks over all that is pending: 10 ms for 100,000.

local stream, group, channel, idle = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local summary = redis.pcall('XPENDING', stream, group)
if summary.err then
  local lost = string.find(summary.err, 'NOGROUP', 1, true)
    or string.find(summary.err, 'WRONGTYPE', 1, true)
  return lost and {'lost'} or summary
end
if summary[1] == 0 then
  return {'ok', 0, 0}
end
local late = redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', 1)
if #late == 0 then
  return {'ok', summary[1], 0}
end
redis.pcall('PUBLISH', channel, 'reclaim')
return {'ok', summary[1], 1}
