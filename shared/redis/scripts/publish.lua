-- Publish: append the entry and ring the bell, in one step. What can fail comes first, before anything
-- is written. Once the entry stands the answer is its id, whatever else is refused (by an ACL): a
-- reader without a bell finds it a little later.
--
-- KEYS  stream, and notify:{S}:idem:<sha256> if the publisher gave an idempotency key
-- ARGV  retained entries (0: all), retained age in ms (0: for ever), bell's channel, inline limit in
--       bytes, how long an idempotency key is remembered in ms, then field, value, field, value, …
--
-- Answers {id, 0}; {first id, 1} for a key that was seen before, and then does nothing.
-- The bell's layout: schema.hpp, Bell.

-- Arguments of commands are strings throughout: a number costs a conversion either way.

local stream, idem = KEYS[1], KEYS[2]
local retain, age = ARGV[1], ARGV[2]

if idem then
  local first = redis.call('GET', idem)
  if first then
    return {first, 1}
  end
end

-- pcall: the error (WRONGTYPE, OOM) goes out as it is, on every version of Redis.
local last = redis.pcall('XREVRANGE', stream, '+', '-', 'COUNT', '1')
if last.err then
  return last
end
local id
if retain ~= '0' then
  id = redis.pcall('XADD', stream, 'MAXLEN', '~', retain, '*', unpack(ARGV, 6))
else
  id = redis.pcall('XADD', stream, '*', unpack(ARGV, 6))
end
if type(id) == 'table' then
  return id
end

if age ~= '0' then
  local oldest = string.match(id, '^%d+') - age
  if oldest > 0 then
    redis.pcall('XTRIM', stream, 'MINID', '~', string.format('%.0f', oldest))
  end
  -- A stream that expires takes its groups along, and what they still have to do.
  if #redis.pcall('XINFO', 'GROUPS', stream) == 0 then
    redis.pcall('PEXPIRE', stream, age)
  else
    redis.pcall('PERSIST', stream)
  end
end

local size = 0
for i = 6, #ARGV do
  size = size + #ARGV[i]
end
local head = '1 ' .. (last[1] and last[1][1] or '0-0') .. ' ' .. id .. ' '
if size > tonumber(ARGV[4]) then
  redis.pcall('PUBLISH', ARGV[3], head .. '-\n')
elseif #ARGV == 7 then
  local name, value = ARGV[6], ARGV[7]
  redis.pcall('PUBLISH', ARGV[3],
              head .. '1\n' .. #name .. ':' .. name .. #value .. ':' .. value)
else
  local parts = {head, (#ARGV - 5) / 2, '\n'}
  local n = 3
  for i = 6, #ARGV do
    parts[n + 1], parts[n + 2], parts[n + 3] = #ARGV[i], ':', ARGV[i]
    n = n + 3
  end
  redis.pcall('PUBLISH', ARGV[3], table.concat(parts))
end

if idem then
  redis.pcall('SET', idem, id, 'PX', ARGV[5])
end
return {id, 0}
