-- A page of a stream's history.
--
-- KEYS  stream
-- ARGV  the ids after and before which to look (empty: no bound), how many entries at most, a field
--       and the value that it must have (an empty name: all entries), how many bytes of names and
--       values at most (but at least one entry), how many entries to look at (and LOOK times the
--       bytes)
--
-- After an id: the first ones behind it. Else the last ones. In the stream's order either way.
-- Answers {next id, entry, entry, …}: from where to go on (after, or before it), or '' if all that is
-- asked for was looked at.

-- So many entries at a time, from one on: of large ones no more are read than there is room for.
local CHUNK = 16
local LOOK = 4
local MAX = '18446744073709551615-18446744073709551615'

local stream, after, before = KEYS[1], ARGV[1], ARGV[2]
local count, field, wanted = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local budget, look = tonumber(ARGV[6]), tonumber(ARGV[7])

-- Redis refuses to say what lies beyond the ends.
if after == MAX or before == '0-0' then
  return {''}
end
local from = after == '' and '-' or '(' .. after
local to = before == '' and '+' or '(' .. before

local function matches(fields)
  if field == '' then
    return true
  end
  for i = 1, #fields, 2 do
    if fields[i] == field then
      return fields[i + 1] == wanted
    end
  end
  return false
end

local forward = after ~= ''
local found, used, looked, seen, size = {}, 0, 0, 0, 1
local next_id, ended = '', false
while not ended do
  local room = LOOK * budget - seen
  local n = math.min(size, look - looked)
  if n == 0 or room <= 0 then
    break
  end
  if seen > 0 then
    n = math.min(n, math.ceil(room * looked / seen))
  end
  size = math.min(2 * size, CHUNK)
  local chunk
  if forward then
    chunk = redis.pcall('XRANGE', stream, from, to, 'COUNT', n)
  else
    chunk = redis.pcall('XREVRANGE', stream, to, from, 'COUNT', n)
  end
  if chunk.err then
    return chunk
  end
  for _, entry in ipairs(chunk) do
    local bytes = 0
    for _, text in ipairs(entry[2]) do
      bytes = bytes + #text
    end
    seen = seen + bytes
    if matches(entry[2]) then
      if #found == count or (#found > 0 and used + bytes > budget) then
        ended = true
        break
      end
      found[#found + 1] = entry
      used = used + bytes
    end
    looked = looked + 1
    next_id = entry[1]
  end
  if not ended then
    if #chunk < n then
      next_id, ended = '', true
    elseif forward then
      from = '(' .. next_id
      if next_id == MAX then
        next_id, ended = '', true
      end
    else
      to = '(' .. next_id
      if next_id == '0-1' then
        next_id, ended = '', true
      end
    end
  end
end

local answer = {next_id}
for i = 1, #found do
  answer[#answer + 1] = found[forward and i or #found + 1 - i]
end
return answer
