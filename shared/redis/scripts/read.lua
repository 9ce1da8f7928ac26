-- One consistent look at a stream: what stands after a position, and the facts that tell whether
-- something between the two is gone.
--
-- KEYS  stream
-- ARGV  id after which to read, how many entries at most (0: only the facts), how many bytes of
--       names and values at most (but at least one entry)
--
-- Answers {1, first id, last generated id, length, entries ever added, more, entry, entry, …}:
--   first id       0-0 in an empty stream
--   entries added  -1 before Redis 7, which does not count them
--   more           1 if further entries follow the last one
-- and {0, '0-0', '0-0', 0, 0, 0} where there is no such key.

-- So many entries at a time, from one on: of large ones no more are read than the page has room for.
local CHUNK = 8

local stream, after = KEYS[1], ARGV[1]
local count, budget = tonumber(ARGV[2]), tonumber(ARGV[3])

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

-- Entries after `id`; nothing follows the greatest id, and Redis refuses to say so.
local function range(id, n)
  if id == '18446744073709551615-18446744073709551615' then
    return {}
  end
  return redis.pcall('XRANGE', stream, '(' .. id, '+', 'COUNT', n)
end

-- One entry beyond what is asked for tells whether there is more.
local left, used, n = count, 0, 1
while true do
  local chunk = range(after, math.min(n, left + 1))
  if chunk.err then
    return chunk
  end
  for _, entry in ipairs(chunk) do
    local size = 0
    for _, text in ipairs(entry[2]) do
      size = size + #text
    end
    if left == 0 or (used + size > budget and left < count) then
      page[6] = 1
      return page
    end
    page[#page + 1] = entry
    after, used, left = entry[1], used + size, left - 1
  end
  if #chunk == 0 or after == facts['last-entry'][1] then
    return page
  end
  if used >= budget and left < count then
    page[6] = 1
    return page
  end
  n = math.min(2 * n, CHUNK)
end
