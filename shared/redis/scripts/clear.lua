-- Empties a stream: no entries, nothing pending in any group, nothing due. The key, its groups and
-- its last generated id stay, so that ids go on rising and readers keep their places.
--
-- KEYS  stream, notify:{S}:due
--
-- Answers {existed, entries removed}.

local PAGE = 500

local stream, due = KEYS[1], KEYS[2]

local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then
  if string.find(groups.err, 'no such key', 1, true) then
    redis.call('DEL', due)
    return {0, 0}
  end
  return groups
end
local removed = redis.call('XTRIM', stream, 'MAXLEN', 0)
for _, facts in ipairs(groups) do
  local group
  for i = 1, #facts, 2 do
    if facts[i] == 'name' then
      group = facts[i + 1]
    end
  end
  repeat
    local pending = redis.call('XPENDING', stream, group, '-', '+', PAGE)
    local ids = {}
    for i, item in ipairs(pending) do
      ids[i] = item[1]
    end
    if #ids > 0 then
      redis.call('XACK', stream, group, unpack(ids))
    end
  until #ids < PAGE
end
redis.call('DEL', due)
return {1, removed}
