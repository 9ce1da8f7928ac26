-- Finishes entries of one group: they are acknowledged in it, and in no other one. Whoever holds an
-- entry, wherever it is connected, has room for another one then.
--
-- KEYS  stream, notify:{S}:consumers:<G>, notify:{S}:finished:<G>, notify:{S}:finished-before:<G>
-- ARGV  group, control channel, the consumer that must hold them ('': any), 1 to delete them from
--       the stream as well (else 0), then ids
--
-- Answers {finished, deleted, 0, 1, 2 or 3 for each id}. 0: it is not pending in this group (finished
-- before, or never given out; there may be no such group or stream), or another consumer has it. An
-- id that comes twice counts once. 2: an earlier call has finished it, for the same consumer if one is
-- named, and its sender was not told. 3: the same, but so short a time ago that its answer may be on its
-- way still: who asks once more a little later is answered 0 or 2. Safe to repeat.
--
-- What is finished is noted, and who had it, until the sender has the answer (it deletes the note then).
-- A group's notes are two hashes of MOST, of which the elder one goes, and live for KEPT.
-- The control channel also hears of ids that were not pending at all (`absent`): a native client may
-- have acknowledged them, and who counts one as in flight looks. Or they are given out only now: so
-- that is not `done`, which would keep them from whom they are given to. And of those that the consumer
-- does not hold, if it is connected (`lacks`): a native client may have claimed them.

local UNTOLD, MOST, KEPT = 20, 1000, 600000  -- ms, notes, ms

local stream, leases, notes, elder = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, channel, required, delete = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- No note is larger than that, whatever the names are.
local function short(consumer)
  return #consumer > 40 and redis.sha1hex(consumer) or consumer
end

local function finished_before(id)
  local note = redis.call('HGET', notes, id) or redis.call('HGET', elder, id)
  local at, by = string.match(note or '', '^(%d+) (.*)$')
  if not at or (required ~= '' and by ~= short(required)) then
    return nil
  end
  return tonumber(at) + UNTOLD <= now and 2 or 3
end

local fresh = {}
local answer, settled, absent, lacking, finished, deleted, owners = {0, 0}, {}, {}, {}, 0, 0, {}
for i = 5, #ARGV do
  local id, done = ARGV[i], 0
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err and not string.find(pending.err, 'NOGROUP', 1, true) then
    return pending  -- at the first id, before anything was written: WRONGTYPE, or no id at all
  end
  local item = pending[1]
  if not item then
    done = finished_before(id) or 0
    absent[#absent + 1] = id
  elseif required == '' or item[2] == required then
    done = redis.call('XACK', stream, group, id)
    finished = finished + done
    settled[#settled + 1] = id
    fresh[#fresh + 1], fresh[#fresh + 2] = id, string.format('%.0f ', now) .. short(item[2])
    owners[item[2]] = (owners[item[2]] or 0) + done
    if delete == '1' then
      deleted = deleted + redis.call('XDEL', stream, id)
    end
  else
    lacking[#lacking + 1] = id
  end
  answer[#answer + 1] = done
end

-- Neither notes nor figures are worth a failure.
if #fresh > 0 then
  redis.pcall('HSET', notes, unpack(fresh))
  redis.pcall('PEXPIRE', notes, KEPT)
  if redis.call('HLEN', notes) >= MOST then
    redis.pcall('RENAME', notes, elder)
  end
end
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
