-- Makes sure that the group exists. One that was lost (DEL, FLUSHDB, XGROUP DESTROY) begins again
-- at the mark, the id before the oldest entry that was unfinished: repeats are allowed, losses are
-- not. Its due records go, since every entry that they speak of is taken anew.
--
-- KEYS  stream, notify:{S}:mark:<group>, notify:{S}:due
-- ARGV  group
--
-- Answers {0, ''} if it exists, {1, start} if it was created, {2, start} if it had existed before.
-- Safe to repeat.

local stream, mark_key, due, group = KEYS[1], KEYS[2], KEYS[3], ARGV[1]

-- Ids have two numbers of 64 bits, which Lua's numbers do not: compared as digits.
local function shorter(a, b)
  if #a ~= #b then
    return #a < #b
  end
  return a < b
end

local function below(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)%-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)%-(%d+)$')
  if a_ms ~= b_ms then
    return shorter(a_ms, b_ms)
  end
  return shorter(a_seq, b_seq)
end

local function member(pairs_of, name)
  for i = 1, #pairs_of, 2 do
    if pairs_of[i] == name then
      return pairs_of[i + 1]
    end
  end
end

local last = '0-0'
if redis.call('EXISTS', stream) == 1 then
  for _, known in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if member(known, 'name') == group then
      return {0, ''}
    end
  end
  last = member(redis.call('XINFO', 'STREAM', stream), 'last-generated-id')
end

local mark = redis.call('GET', mark_key)
local start = '0-0'
-- A stream that ends before the mark is another one than the mark was made for.
if mark and string.match(mark, '^%d+%-%d+$') and not below(last, mark) then
  start = mark
end
redis.call('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')
redis.call('DEL', due)
return {mark and 2 or 1, start}
