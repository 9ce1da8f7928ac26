-- Keeps, outside the group, where the group would have to begin again if it were lost (group.lua).
--
-- KEYS  stream, notify:{S}:mark:<group>
-- ARGV  group
--
-- Answers the mark: the id before the oldest pending entry, or the last one that was delivered.

local stream, mark_key, group = KEYS[1], KEYS[2], ARGV[1]

-- Ids have two numbers of 64 bits, which Lua's numbers do not: decremented as digits.
local function decrement(digits)
  local head, last, zeros = string.match(digits, '^(%d*)([1-9])(0*)$')
  local result = head .. (tonumber(last) - 1) .. string.rep('9', #zeros)
  return string.match(result, '^0*(%d+)$')
end

local function before(id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  if not string.match(seq, '^0+$') then
    return ms .. '-' .. decrement(seq)
  end
  if string.match(ms, '^0+$') then
    return '0-0'
  end
  return decrement(ms) .. '-18446744073709551615'
end

local mark
local pending = redis.call('XPENDING', stream, group)
if pending[1] > 0 then
  mark = before(pending[2])
else
  for _, known in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local name, last
    for i = 1, #known, 2 do
      if known[i] == 'name' then
        name = known[i + 1]
      elseif known[i] == 'last-delivered-id' then
        last = known[i + 1]
      end
    end
    if name == group then
      mark = last
    end
  end
end

if mark and redis.call('GET', mark_key) ~= mark then
  redis.call('SET', mark_key, mark)
end
return mark
