-- Publish many: append entries of the same fields and ring the bell, in one step: all of them or none.
-- What can fail fails at the first entry, before anything is written.
--
-- KEYS  stream; then notify:{S}:idem:<sha256> if the publisher gave an idempotency key; then
--       notify:{S}:latest if the latest entry is to be replayed to new subscribers; then
--       notify:{S}:requests if the id of the request is to be kept beside the stream
-- ARGV  retained entries (0: all), retained age in ms (0: for ever), bell's channel, inline limit in
--       bytes, bells at most, how long the idempotency key is remembered in ms (0: there is none),
--       digest of what is published, how long the last entry is replayed in ms (0: it is not), id of
--       the request (without blanks; empty: of no concern), of how many publishes (about) the request
--       is kept beside the stream (0: it is not), six random digits for ids that no other stream
--       has (empty: Redis' own ids), number of fields, their names, then the values of each
--       entry in turn
--
-- Answers {entries, last id, 0}; for an idempotency key that was seen before {entries, id that was
-- answered then, 1, id of the first request}, or {entries, that id, 2, …} if it was with something
-- else, and then does nothing.
-- Each entry has a bell of its own (schema.hpp, Bell) while there are not too many of them and all
-- together are within the inline limit; else the last one rings for all, and they are read.

local stream, retain, age, channel = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local idem, digest = ARGV[6] ~= '0' and KEYS[2], ARGV[7]
local latest = ARGV[8] ~= '0' and KEYS[idem and 3 or 2]
local request, requests = ARGV[9], ARGV[10] ~= '0' and KEYS[#KEYS]
local random, width = ARGV[11], tonumber(ARGV[12])
local NAMES = 13
local WEEK = 604800000  -- ms: requests of a stream that gets nothing more
local first = NAMES + width
local count = (#ARGV - first + 1) / width

if idem then
  local known = redis.call('GET', idem)
  if known then
    local id, before, by = string.match(known, '^(%S+) ?(%S*) ?(%S*)$')
    return {count, id, before == digest and 1 or 2, by}
  end
end

local last = redis.pcall('XREVRANGE', stream, '+', '-', 'COUNT', '1')
if last.err then
  return last
end

local names_size = 0
for i = NAMES, first - 1 do
  names_size = names_size + #ARGV[i]
end
local size = count * names_size
for i = first, #ARGV do
  size = size + #ARGV[i]
end
local inline = count <= tonumber(ARGV[5]) and size <= tonumber(ARGV[4])

-- As in publish.lua; the sequences of one batch follow upon each other.
local ms, seq
if random ~= '' then
  local time = redis.pcall('TIME')
  if time[2] then
    local us = string.sub('00000' .. time[2], -6)
    ms, seq = time[1] .. string.sub(us, 1, 3) .. '-', tonumber('1' .. string.sub(us, 4) .. random)
  end
end
local function add(fields, bounded)
  local wanted, added = '*', nil
  if seq then
    wanted = ms .. string.format('%.0f', seq)
  end
  if bounded then
    added = redis.pcall('XADD', stream, 'MAXLEN', '~', retain, wanted, unpack(fields))
  else
    added = redis.pcall('XADD', stream, wanted, unpack(fields))
  end
  if seq and type(added) == 'table' then
    seq = nil
    return add(fields, bounded)
  end
  seq = seq and seq + 1
  return added
end

local prev = last[1] and last[1][1] or '0-0'
local id, first_id
for entry = 1, count do
  local at = first + (entry - 1) * width - 1
  local fields = {}
  for i = 1, width do
    fields[2 * i - 1], fields[2 * i] = ARGV[NAMES - 1 + i], ARGV[at + i]
  end
  local added = add(fields, retain ~= '0' and entry == count)
  if type(added) == 'table' then
    return added
  end
  if id then
    prev = id
  end
  id = added
  first_id = first_id or id
  if inline then
    local parts = {'1 ', prev, ' ', id, ' ', width, '\n'}
    for i = 1, 2 * width do
      local n = #parts
      parts[n + 1], parts[n + 2], parts[n + 3] = #fields[i], ':', fields[i]
    end
    redis.pcall('PUBLISH', channel, table.concat(parts))
  end
end
if not inline then
  redis.pcall('PUBLISH', channel, '1 ' .. prev .. ' ' .. id .. ' -\n')
end

if age ~= '0' then
  local oldest = string.match(id, '^%d+') - age
  if oldest > 0 then
    redis.pcall('XTRIM', stream, 'MINID', '~', string.format('%.0f', oldest))
  end
  -- As in publish.lua: a stream that expires takes its groups along.
  if #redis.pcall('XINFO', 'GROUPS', stream) == 0 then
    redis.pcall('PEXPIRE', stream, age)
  else
    redis.pcall('PERSIST', stream)
  end
end
if idem then
  redis.pcall('SET', idem, id .. ' ' .. digest .. (request == '' and '' or ' ' .. request),
    'PX', ARGV[6])
end
if requests then
  local kept = redis.pcall('XADD', requests, 'MAXLEN', '~', ARGV[10], id, 'request', request,
    'first', first_id)
  if type(kept) == 'table' then
    -- As in publish.lua: ids may have gone back.
    redis.pcall('DEL', requests)
    redis.pcall('XADD', requests, id, 'request', request, 'first', first_id)
  end
  redis.pcall('PEXPIRE', requests, WEEK)
end
if latest then
  redis.pcall('SET', latest, id, 'PX', ARGV[8])
end
return {count, id, 0}
