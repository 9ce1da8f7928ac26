-- Gives entries that were not finished in time to the consumers of one nginx worker, in turn: what
-- a consumer left behind when it went, and what one that is still there forgot. Those whose body
-- is gone are acknowledged; those that were delivered too often go to the dead letters (the layout
-- stands in settle-dead.lua). All workers hear who holds an entry now.
--
-- KEYS  stream, notify:{S}:consumers:<G>, notify:{S}:dead
-- ARGV  group, control channel, ack timeout in ms, deliveries at most (0: any number), how many
--       dead letters are kept (about), where to begin ('0-0', or what the last call answered),
--       bytes at most (about), then consumer, token, entries that it has in flight, how many more
--       it wants; and so on
--
-- Answers {'ok', where to go on ('0-0': that was all), gone, dead, {limit, entry, …}, …}, or
-- {'lost'}, as take.lua. At most CALLS pages of READ of the group's pending entries are looked at; what
-- is over the bound is as much of the last page as was read.
-- Not to be repeated: what was given is pending.
--
-- XAUTOCLAIM with JUSTID on every version: it does not raise the delivery counter. From Redis 7 on
-- it drops entries without a body itself, and names them; before, they come like the others.

local CALLS, READ = 16, 4

local stream, leases, dead = KEYS[1], KEYS[2], KEYS[3]
local group, channel, idle, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local keep, cursor, budget = ARGV[5], ARGV[6], tonumber(ARGV[7])

local function lost(failure)
  return string.find(failure.err, 'NOGROUP', 1, true)
    or string.find(failure.err, 'WRONGTYPE', 1, true)
end

local look = redis.pcall('XPENDING', stream, group, '-', '+', 0)
if look.err then
  return lost(look) and {'lost'} or look
end

local gone, buried, settled = 0, 0, {}

local function bury(id, entry, deliveries)
  -- Lua cannot hand over more than some 8,000 arguments at once.
  local fields, limit = entry[2], 7000
  local count = math.min(#fields, limit)
  local reason = 'not finished after ' .. deliveries .. ' deliveries'
  if count < #fields then
    reason = reason .. ' (' .. (#fields - limit) / 2 .. ' of its fields left out)'
  end
  local time = redis.call('TIME')
  -- First the one that can fail, where memory is full: then it is left for later.
  local letter = redis.pcall('XADD', dead, 'MAXLEN', '~', keep, '*', 'notify-id', id,
    'notify-group', group, 'notify-reason', reason, 'notify-attempts', deliveries,
    'notify-at', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
    unpack(fields, 1, count))
  if type(letter) == 'table' and letter.err then
    return
  end
  redis.call('XACK', stream, group, id)
  settled[#settled + 1] = id
  buried = buried + 1
end

local answer, takers = {'ok', '0-0', 0, 0}, {}
for i = 8, #ARGV, 4 do
  local consumer, token = ARGV[i], ARGV[i + 1]
  local lease = redis.call('HGET', leases, consumer)
  local expires, holder, limit, received, finished =
    string.match(lease or '', '^(%d+) (%S+) (%d+) (%d+) (%d+)$')
  local share = {holder and -1 or -2}
  if holder == token then
    share[1] = tonumber(limit)
    local room = math.min(tonumber(ARGV[i + 3]), share[1] - tonumber(ARGV[i + 2]))
    if room > 0 then
      takers[#takers + 1] = {consumer = consumer, share = share, room = room, expires = expires,
        token = token, limit = limit, received = tonumber(received), finished = finished,
        moved = {}}
    end
  end
  answer[#answer + 1] = share
end

local used, calls, quantum, walked = 0, 0, 1, false
while #takers > 0 and not walked and calls < CALLS and used < budget do
  for place = #takers, 1, -1 do
    if takers[place].room == 0 then
      table.remove(takers, place)
    end
  end
  for _, taker in ipairs(takers) do
    if walked or calls == CALLS or used >= budget then
      break
    end
    calls = calls + 1
    local page = redis.call('XAUTOCLAIM', stream, group, taker.consumer, idle, cursor,
      'COUNT', math.min(quantum, taker.room), 'JUSTID')
    cursor, walked = page[1], page[1] == '0-0'
    for _, id in ipairs(page[3] or {}) do
      gone = gone + 1
      settled[#settled + 1] = id
    end
    for _, id in ipairs(page[2]) do
      local entry = redis.call('XRANGE', stream, id, id)[1]
      for _, text in ipairs(entry and entry[2] or {}) do
        used = used + #text
      end
      local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
      if not entry then
        redis.call('XACK', stream, group, id)
        settled[#settled + 1] = id
        gone = gone + 1
      elseif most > 0 and pending[4] >= most then
        bury(id, entry, pending[4])
      else
        redis.call('XCLAIM', stream, group, taker.consumer, 0, id,
          'RETRYCOUNT', pending[4] + 1, 'JUSTID')
        taker.share[#taker.share + 1] = entry
        taker.moved[#taker.moved + 1] = id
        taker.room = taker.room - 1
      end
    end
    if #taker.moved > 0 then
      redis.pcall('PUBLISH', channel,
        'moved ' .. taker.token .. ' ' .. table.concat(taker.moved, ' '))
      taker.received = taker.received + #taker.moved
      taker.moved = {}
      redis.pcall('HSET', leases, taker.consumer, string.format('%s %s %s %.0f %s', taker.expires,
        taker.token, taker.limit, taker.received, taker.finished))
    end
  end
  quantum = math.min(quantum * 2, READ)
end
if #settled > 0 then
  redis.pcall('PUBLISH', channel, 'done ' .. table.concat(settled, ' '))
end
answer[2], answer[3], answer[4] = cursor, gone, buried
return answer
