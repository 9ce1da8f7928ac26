-- What a new subscriber is given first: the last entries of a stream.
--
-- KEYS  stream, notify:{S}:latest
-- ARGV  how many entries at most, how old they may be in ms (0: of any age), how many bytes of names
--       and values at most (but at least one entry)
--
-- With an age there are none unless notify:{S}:latest stands, which expires with what it names.
-- Answers as read.lua does: {1, first id, last generated id, length, entries ever added, 0, entry, …}
-- with the entries in their order, or {0, '0-0', '0-0', 0, 0, 0} where there is no such key.

local stream = KEYS[1]
local count, age, budget = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local info = redis.pcall('XINFO', 'STREAM', stream)
if info.err then
  if string.find(info.err, 'no such key', 1, true) then
    return {0, '0-0', '0-0', 0, 0, 0}
  end
  return info
end
local facts = {}
for i = 1, #info, 2 do
  facts[info[i]] = info[i + 1]
end
local first = facts['first-entry'] and facts['first-entry'][1] or '0-0'
local page = {1, first, facts['last-generated-id'], facts['length'], facts['entries-added'] or -1, 0}

local oldest = '-'
if age > 0 then
  if redis.call('EXISTS', KEYS[2]) == 0 then
    return page
  end
  local now = redis.call('TIME')
  oldest = string.format('%.0f', math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - age))
end

-- One by one from the end, since a few may be too large for the rest.
local found, used, last = {}, 0, '+'
while #found < count do
  local entry = redis.call('XREVRANGE', stream, last, oldest, 'COUNT', 1)[1]
  if not entry then
    break
  end
  for _, text in ipairs(entry[2]) do
    used = used + #text
  end
  if used > budget and #found > 0 then
    break
  end
  found[#found + 1] = entry
  last = '(' .. entry[1]
  if entry[1] == first then
    break
  end
end
for i = #found, 1, -1 do
  page[#page + 1] = found[i]
end
return page
