-- Hands this worker what a consumer left behind: of another consumer whose lease has lapsed, or
-- its own from an earlier life (and answers that were lost on their way). What waits for a retry
-- only changes hands, due.lua delivers it in its time. The delivery counter is not raised: an
-- attempt that was begun has been counted by attempt.lua.
--
-- KEYS  stream, notify:{S}:due, notify:{S}:lease:<consumer>, notify:{S}:lease:<from>
-- ARGV  group, consumer, token, from, least idle time in ms, start ('-' or '(' and the last id),
--       how many at most
--
-- Answers {'ok', start of the next page ('' after the last one), {{id, attempts, fields}…}, {id
-- whose body is gone…}}, {'lost'} if the own name is not this worker's any more, {'held'} if the
-- other one is somebody's.

local stream, due, lease, other_lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local group, consumer, token, from = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, start, limit = ARGV[5], ARGV[6], tonumber(ARGV[7])

if redis.call('GET', lease) ~= token then
  return {'lost'}
end
if from ~= consumer and redis.call('EXISTS', other_lease) == 1 then
  return {'held'}
end

local handed, gone = {}, {}
local page = redis.call('XPENDING', stream, group, 'IDLE', idle, start, '+', limit, from)
for _, pending in ipairs(page) do
  local id, attempts = pending[1], pending[4] - 1
  local record = attempts .. ':' .. id
  local waits = redis.call('ZSCORE', due, record)
  if not (waits and from == consumer) then
    local entry = redis.call('XRANGE', stream, id, id)[1]
    if entry then
      redis.call('XCLAIM', stream, group, consumer, 0, id, 'JUSTID')
      if not waits then
        handed[#handed + 1] = {id, attempts, entry[2]}
      end
    else
      redis.call('XACK', stream, group, id)
      redis.call('ZREM', due, record)
      gone[#gone + 1] = id
    end
  end
end

local next_start = ''
if #page == limit then
  next_start = '(' .. page[#page][1]
end
return {'ok', next_start, handed, gone}
