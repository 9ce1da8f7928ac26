-- Acknowledges entries of an inbox, also those that no connection has asked for yet: these are given
-- to the consumer on the way, with all that stands before them.
--
-- KEYS  stream
-- ARGV  group, consumer, name of a field ('': none), id, id, …
--
-- Answers for each id {1 if this call has acknowledged it; the entry's field of that name}: 0 where it
-- was acknowledged before, another consumer of the group holds it, or there is no such entry; '' where
-- the entry is not there any more, or has no such field. Safe to repeat.

local stream, group, consumer, field = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local CHUNK = '8'  -- entries may be large

local answers, wanted, left = {}, {}, 0
for i = 4, #ARGV do
  answers[i - 3] = {0, ''}
end
if #answers == 0 or redis.call('EXISTS', stream) == 0 then
  return answers
end

local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

-- What the group gave out last; a group that is not there is made.
local function given_out()
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then
    return groups
  end
  for _, info in ipairs(groups) do
    local facts = {}
    for i = 1, #info, 2 do
      facts[info[i]] = info[i + 1]
    end
    if facts['name'] == group then
      return facts['last-delivered-id']
    end
  end
  local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0')
  return made.err and made or '0-0'
end

local last = given_out()
if last.err then
  return last
end
local last_ms, last_seq = parts(last)

for i = 4, #ARGV do
  local id, answer = ARGV[i], answers[i - 3]
  local ms, seq = parts(id)
  local found = ms and redis.pcall('XRANGE', stream, id, id)
  if found and not found.err then
    local fields = found[1] and found[1][2] or {}
    for at = 1, #fields, 2 do
      if fields[at] == field then
        answer[2] = fields[at + 1]
      end
    end
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
    if pending.err then
      return pending
    end
    if pending[1] and pending[1][2] == consumer then
      answer[1] = redis.call('XACK', stream, group, id)
    elseif found[1] and (ms > last_ms or ms == last_ms and seq > last_seq) and not wanted[id] then
      wanted[id] = answer
      left = left + 1
    end
  end
end

while left > 0 do
  local reply = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', CHUNK, 'STREAMS', stream,
                            '>')
  if not reply or not reply[1] then
    return reply and reply.err and reply or answers
  end
  for _, entry in ipairs(reply[1][2]) do
    local answer = wanted[entry[1]]
    if answer then
      wanted[entry[1]] = nil
      left = left - 1
      answer[1] = redis.call('XACK', stream, group, entry[1])
    end
  end
end
return answers
