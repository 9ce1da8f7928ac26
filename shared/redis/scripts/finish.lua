-- Finishes entries of one group: they are acknowledged in it, and in no other one. Whoever holds an
-- entry, wherever it is connected, has room for another one then.
--
-- KEYS  stream, notify:{S}:consumers:<G>
-- ARGV  group, control channel, the consumer that must hold them ('': any), 1 to delete them from
--       the stream as well (else 0), then ids
--
-- Answers {finished, deleted, 0 or 1 for each id}. 0: it is not pending in this group (finished
-- before, or never given out; there may be no such group or stream), or another consumer has it. An
-- id that comes twice counts once. Safe to repeat, but the answer to a repeat is 0.
-- The control channel also hears of ids that were not pending at all (`absent`): a native client may
-- have acknowledged them, and who counts one as in flight looks. Or they are given out only now: so
-- that is not `done`, which would keep them from whom they are given to. And of those that the consumer
-- does not hold, if it is connected (`lacks`): a native client may have claimed them.

local stream, leases = KEYS[1], KEYS[2]
local group, channel, required, delete = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local answer, settled, absent, lacking, finished, deleted, owners = {0, 0}, {}, {}, {}, 0, 0, {}
for i = 5, #ARGV do
  local id, done = ARGV[i], 0
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err and not string.find(pending.err, 'NOGROUP', 1, true) then
    return pending  -- at the first id, before anything was written: WRONGTYPE, or no id at all
  end
  local item = pending[1]
  if not item then
    absent[#absent + 1] = id
  elseif required == '' or item[2] == required then
    done = redis.call('XACK', stream, group, id)
    finished = finished + done
    settled[#settled + 1] = id
    owners[item[2]] = (owners[item[2]] or 0) + done
    if delete == '1' then
      deleted = deleted + redis.call('XDEL', stream, id)
    end
  else
    lacking[#lacking + 1] = id
  end
  answer[#answer + 1] = done
end

-- Figures are worth no failure.
for consumer, count in pairs(owners) do
  local lease = redis.call('HGET', leases, consumer)
  local head, so_far = string.match(lease or '', '^(%d+ %S+ %d+ %d+ )(%d+)$')
  if head then
    redis.pcall('HSET', leases, consumer, string.format('%s%.0f', head, so_far + count))
  end
end
if #settled > 0 then
  redis.pcall('PUBLISH', channel, 'done ' .. table.concat(settled, ' '))
end
if #absent > 0 then
  redis.pcall('PUBLISH', channel, 'absent ' .. table.concat(absent, ' '))
end
if #lacking > 0 then
  local token = string.match(redis.call('HGET', leases, required) or '', '^%d+ (%S+) ')
  if token then
    redis.pcall('PUBLISH', channel, 'lacks ' .. token .. ' ' .. table.concat(lacking, ' '))
  end
end
answer[1], answer[2] = finished, deleted
return answer
