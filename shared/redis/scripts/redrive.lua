-- Gives a dead letter another life. While its entry still stands in the stream, that one becomes
-- pending again, with no attempts, due at once: the same id, seen by this group only. Where it
-- was trimmed or cleared, the original fields are added as a new entry, for all readers.
--
-- An entry of a work queue is not due: it counts as late, and the queue's consumers are called.
--
-- KEYS  stream, notify:{S}:dead, notify:{S}:due
-- ARGV  id of the dead letter, the queue's control channel ('': the group is no work queue)
--
-- Answers {'pending', id}, {'added', id}, or {'none'} if there is no such dead letter (then it was
-- driven before, and nothing changes).

local LONG_AGO = 365 * 24 * 3600 * 1000  -- ms: beyond any ack timeout

local stream, dead, due = KEYS[1], KEYS[2], KEYS[3]
local channel = ARGV[2]

local letter = redis.call('XRANGE', dead, ARGV[1], ARGV[1])[1]
if not letter then
  return {'none'}
end
local fields = letter[2]
if fields[1] ~= 'notify-id' or fields[3] ~= 'notify-group' or #fields < 10 then
  return redis.error_reply('ERR not a dead letter')
end
local id, group = fields[2], fields[4]

if #redis.call('XRANGE', stream, id, id) == 1 then
  -- First the one that can fail: it does where the group is lost. The consumer is nobody's; who
  -- takes the entry next claims it from there.
  if channel ~= '' then
    redis.call('XCLAIM', stream, group, 'redrive', 0, id, 'IDLE', LONG_AGO, 'RETRYCOUNT', 0,
      'FORCE', 'JUSTID')
    redis.pcall('PUBLISH', channel, 'reclaim')
  else
    local time = redis.call('TIME')
    redis.call('XCLAIM', stream, group, 'redrive', 0, id, 'RETRYCOUNT', 1, 'FORCE', 'JUSTID')
    redis.call('ZADD', due, time[1] * 1000 + math.floor(time[2] / 1000), '0:' .. id)
  end
  redis.call('XDEL', dead, ARGV[1])
  return {'pending', id}
end
if #fields == 10 then
  return redis.error_reply('ERR the dead letter has no fields of its own')
end
-- An id that no other stream has (schema.hpp, Ids), if the stream's last one is below it.
local time = redis.call('TIME')
local us = string.sub('00000' .. time[2], -6)
local added = redis.pcall('XADD', stream,
  time[1] .. string.sub(us, 1, 3) .. '-1' .. string.sub(us, 4) .. '000000', unpack(fields, 11))
if type(added) == 'table' then
  added = redis.call('XADD', stream, '*', unpack(fields, 11))
end
redis.call('XDEL', dead, ARGV[1])
return {'added', added}
