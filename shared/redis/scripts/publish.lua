-- Publish: append the entry and ring the bell, in one step. What can fail comes first, before anything
-- is written. Once the entry stands the answer is its id, whatever else is refused (by an ACL): a
-- reader without a bell finds it a little later.
--
-- KEYS  stream; then notify:{S}:idem:<sha256> if the publisher gave an idempotency key; then
--       notify:{S}:latest if the latest entry is to be replayed to new subscribers; then
--       notify:{S}:requests if the id of the request is to be kept beside the stream
-- ARGV  retained entries (0: all), retained age in ms (0: for ever; -N: the stream is an inbox, which
--       goes as a whole, with its groups, when it was not used for N), bell's channel, inline limit in
--       bytes, how long the idempotency key is remembered in ms (0: there is none), digest of what is
--       published (empty: not to be compared), how long the entry is replayed in ms (0: it is not),
--       id of the request (without blanks; empty: of no concern), of how many publishes (about) the
--       request is kept beside the stream (0: it is not), six random digits for an id that no other
--       stream has (empty: Redis' own id), then field, value, field, value, ...
--
-- Answers {id, 0}; for an idempotency key that was seen before {first id, 1, id of the first request},
-- or {first id, 2, …} if that was with something else, and then does nothing.
-- The bell's layout: schema.hpp, Bell. How an id is made that no other stream has: schema.hpp, Ids.

-- Arguments of commands are strings throughout: a number costs a conversion either way.

local FIRST = 11        -- of the fields
local WEEK = 604800000  -- ms: requests of a stream that gets nothing more

local stream = KEYS[1]
local idem = ARGV[5] ~= '0' and KEYS[2]
local latest = ARGV[7] ~= '0' and KEYS[idem and 3 or 2]
local request, requests = ARGV[8], ARGV[9] ~= '0' and KEYS[#KEYS]
local retain, age, digest, random = ARGV[1], ARGV[2], ARGV[6], ARGV[10]

if idem then
  local known = redis.call('GET', idem)
  if known then
    local first, before, by = string.match(known, '^(%S+) ?(%S*) ?(%S*)$')
    local same = before == digest or before == '' or digest == ''
    return {first, same and 1 or 2, by}
  end
end

-- pcall: the error (WRONGTYPE, OOM) goes out as it is, on every version of Redis.
local last = redis.pcall('XREVRANGE', stream, '+', '-', 'COUNT', '1')
if last.err then
  return last
end
local function add(wanted)
  if retain ~= '0' then
    return redis.pcall('XADD', stream, 'MAXLEN', '~', retain, wanted, unpack(ARGV, FIRST))
  end
  return redis.pcall('XADD', stream, wanted, unpack(ARGV, FIRST))
end
local id
if random ~= '' then
  local time = redis.pcall('TIME')
  if time[2] then
    local us = string.sub('00000' .. time[2], -6)
    id = add(time[1] .. string.sub(us, 1, 3) .. '-1' .. string.sub(us, 4) .. random)
  end
end
-- Redis refuses an id that is not above the last one: a clock that went back, or another one's id.
if type(id) ~= 'string' then
  id = add('*')
end
if type(id) == 'table' then
  return id
end

if string.sub(age, 1, 1) == '-' then
  redis.pcall('PEXPIRE', stream, string.sub(age, 2))
elseif age ~= '0' then
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
for i = FIRST, #ARGV do
  size = size + #ARGV[i]
end
local head = '1 ' .. (last[1] and last[1][1] or '0-0') .. ' ' .. id .. ' '
if size > tonumber(ARGV[4]) then
  redis.pcall('PUBLISH', ARGV[3], head .. '-\n')
elseif #ARGV == FIRST + 1 then
  local name, value = ARGV[FIRST], ARGV[FIRST + 1]
  redis.pcall('PUBLISH', ARGV[3],
              head .. '1\n' .. #name .. ':' .. name .. #value .. ':' .. value)
else
  local parts = {head, (#ARGV - FIRST + 1) / 2, '\n'}
  local n = 3
  for i = FIRST, #ARGV do
    parts[n + 1], parts[n + 2], parts[n + 3] = #ARGV[i], ':', ARGV[i]
    n = n + 3
  end
  redis.pcall('PUBLISH', ARGV[3], table.concat(parts))
end

if idem then
  local known = id
  if request ~= '' then
    known = id .. ' ' .. digest .. ' ' .. request
  elseif digest ~= '' then
    known = id .. ' ' .. digest
  end
  redis.pcall('SET', idem, known, 'PX', ARGV[5])
end
if requests then
  local kept = redis.pcall('XADD', requests, 'MAXLEN', '~', ARGV[9], id, 'request', request)
  if type(kept) == 'table' then
    -- The stream was deleted and made anew: its ids are lower now.
    redis.pcall('DEL', requests)
    redis.pcall('XADD', requests, id, 'request', request)
  end
  redis.pcall('PEXPIRE', requests, WEEK)
end
if latest then
  redis.pcall('SET', latest, id, 'PX', ARGV[7])
end
return {id, 0}
