-- Makes the reminders that are due: each becomes an entry of the stream of notices, and its next time
-- is set, in one step. So of several workers one has it, and a worker that dies loses none. A reminder
-- that was not delivered meanwhile is replaced: where the destination is away they do not pile up.
--
-- KEYS  pending_notifications:<env>, notify:{S}:notices
-- ARGV  notification_meta:, group of the notices, ms between two reminders, reminders of one
--       notification at most (0: until it is resolved), how many now at most
--
-- Answers how many were made. Safe to repeat.

local waiting, notices = KEYS[1], KEYS[2]
local prefix, group, interval = ARGV[1], ARGV[2], tonumber(ARGV[3])
local most, limit = tonumber(ARGV[4]), ARGV[5]

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local made = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', string.format('%.3f', now),
    'LIMIT', 0, limit)) do
  local record = prefix .. id
  local fields = redis.pcall('HGETALL', record)
  local known = {}
  if not fields.err then
    for i = 1, #fields, 2 do
      known[fields[i]] = fields[i + 1]
    end
  end
  local count = tonumber(known.reminder_sent_count) or 0
  -- One that came in the same millisecond elsewhere has the name.
  if known.waiting ~= waiting or (most > 0 and count >= most) then
    redis.call('ZREM', waiting, id)
  else
    -- First the one that can fail, where memory is full.
    local notice = redis.call('XADD', notices, 'MAXLEN', '~', 10000, '*', 'kind', 'reminder',
      'notification', id, 'number', string.format('%.0f', count + 1), unpack(fields))
    if known.notice then
      redis.pcall('XACK', notices, group, known.notice)
      redis.pcall('XDEL', notices, known.notice)
    end
    redis.call('HSET', record, 'notice', notice,
      'reminder_sent_count', string.format('%.0f', count + 1),
      'last_reminder_sent_time', string.format('%.3f', now))
    redis.call('ZADD', waiting, string.format('%.3f', now + interval / 1000), id)
    made = made + 1
  end
end
return made
