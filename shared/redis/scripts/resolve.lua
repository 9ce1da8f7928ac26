-- Takes clicks: the notification of each is resolved. It is forgotten, its reminder with it, a
-- delivery of it that is to be repeated is given up (somebody has seen it), and a notice says so where
-- it was shown. All in one step, so that nothing is lost or done twice whichever worker dies. A click
-- for one that is not known (any more) is dropped.
--
-- KEYS  stream of clicks
-- ARGV  notification_meta:, group of the notices, how many at most
--
-- Answers {id, user, request, id, user, request, …}: of the clicks that were taken; the user is ''
-- where the notification was not known, the request (the click's) where it was not told. Safe to
-- repeat.

local clicks, prefix, group, limit = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

local function pairs_of(list)
  local known = {}
  for i = 1, #list, 2 do
    known[list[i]] = list[i + 1]
  end
  return known
end

local answer = {}
local function take(click)
  local said = pairs_of(click[2])
  local id = said.notification or ''
  local record = prefix .. id
  local fields = redis.pcall('HGETALL', record)
  local known = fields.err and {} or pairs_of(fields)
  local who = ''
  if known.notices then
    who = said.user or ''
    who = who ~= '' and who or '?'
    -- First the one that can fail, where memory is full.
    redis.call('XADD', known.notices, 'MAXLEN', '~', 10000, '*', 'kind', 'resolved',
      'notification', id, 'user', who, 'click_channel', said.channel or '',
      'click_ts', said.ts or '', 'response_url', said.response_url or '',
      'request', said.request or known.request or '', unpack(fields))
    redis.call('DEL', record)
    redis.call('ZREM', known.waiting, id)
    redis.pcall('XACK', known.stream, known.group, known.entry)
    if known.notice then
      redis.pcall('XACK', known.notices, group, known.notice)
      redis.pcall('XDEL', known.notices, known.notice)
    end
  end
  redis.call('XDEL', clicks, click[1])
  answer[#answer + 1] = id
  answer[#answer + 1] = who
  answer[#answer + 1] = said.request or ''
end

for _, click in ipairs(redis.call('XRANGE', clicks, '-', '+', 'COUNT', limit)) do
  take(click)
end
return answer
