-- One page of an inbox: what its consumer has not acknowledged, oldest first. What the group has not
-- given out yet is given to the consumer on the way, so that it stays until it is acknowledged. The
-- group is made where there is none, at the beginning of the stream. A stream that is not there is not
-- made: whoever asks for an inbox that nobody has written to leaves nothing behind.
--
-- KEYS  stream
-- ARGV  group, consumer, id after which to go on ('0-0' for the first page), entries at most, bytes of
--       them at most (of the first one any number), for how long in ms the stream is kept from now on
--       ('0': for ever), which a first page says
--
-- Answers {cursor, more, trimmed, last, entry, entry, …}:
--   cursor   where the next page goes on
--   more     1 if there may be one; 0: nothing is left, and everything after `last` is new
--   trimmed  entries that the stream does not hold any more: they are acknowledged here
--   last     the last id that the stream gave out
-- Safe to repeat.

-- Large entries must not be read, and given out, by the hundred for a page that ends after the first.
local CHUNK = 8

local stream, group, consumer, after = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local left, budget = tonumber(ARGV[4]), tonumber(ARGV[5])

local function read(from, n)
  local reply = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', n, 'STREAMS', stream, from)
  if reply and reply.err then
    return reply
  end
  return reply and reply[1] and reply[1][2] or {}
end

if after == '0-0' and ARGV[6] ~= '0' then
  redis.pcall('PEXPIRE', stream, ARGV[6])
end

local chunk = 1
local entries = read(after, chunk)
if entries.err then
  if not string.find(entries.err, 'NOGROUP', 1, true) then
    return entries
  end
  if redis.call('EXISTS', stream) == 0 then
    return {after, 0, 0, '0-0'}
  end
  local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0')
  if made.err then
    return made
  end
  entries = {}
end
local new = #entries == 0
if new then
  entries = read('>', chunk)
end

-- What does not fit is pending now, and comes with the next page.
local page, trimmed, used, full = {after, 1, 0, '0-0'}, 0, 0, false
while true do
  if entries.err then
    return entries
  end
  for _, entry in ipairs(entries) do
    local size = 0
    for _, text in ipairs(entry[2] or {}) do
      size = size + #text
    end
    full = full or used > 0 and used + size > budget
    if full then
      break
    end
    used = used + size
    page[1] = entry[1]
    if entry[2] then
      page[#page + 1] = entry
    else
      redis.call('XACK', stream, group, entry[1])
      trimmed = trimmed + 1
    end
  end
  left = left - #entries
  if #entries < chunk then
    page[2] = (full or not new) and 1 or 0
    break
  end
  if full or used >= budget or left == 0 then
    break
  end
  chunk = math.min(2 * chunk, CHUNK, left)
  entries = read(new and '>' or page[1], chunk)
end
page[3] = trimmed
local info = redis.call('XINFO', 'STREAM', stream)
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then
    page[4] = info[i + 1]
  end
end
return page
