-- Gives new entries to the consumers of one nginx worker, in turn. What a consumer may have at most
-- is decided here, by the limit that stands in Redis: once limit.lua has answered, not one entry
-- more is given. With no consumers it only looks whether the group exists.
--
-- They share as evenly as the number of entries allows: first one entry for each, then two, then
-- four and four again. How large entries are is only known when they are read, so the answer is
-- over its bound by READ - 1 of them at most.
--
-- KEYS  stream, notify:{S}:consumers:<G>
-- ARGV  group, bytes of names and values at most (about: at least one entry), then consumer, token,
--       entries that it has in flight, how many more it wants; and so on
--
-- Answers {'ok', more, {limit, entry, entry, …}, …}, a list for each consumer in that order:
--   more   0 if a read came up short: there is nothing that was not given to somebody
--   limit  -1 if its name is another one's now, -2 if it is nobody's (renew.lua gives it back);
--          then it gets nothing
-- and {'lost'} if there is no such group (any more), or no such stream.
-- Not to be repeated: what was given is pending.

local READ = 4

local stream, leases, group, budget = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

local function lost(failure)
  return string.find(failure.err, 'NOGROUP', 1, true)
    or string.find(failure.err, 'WRONGTYPE', 1, true)
end

-- Also where nobody can take anything: a lost group is to be noticed.
local look = redis.pcall('XPENDING', stream, group, '-', '+', 0)
if look.err then
  return lost(look) and {'lost'} or look
end

local answer, takers = {'ok', 0}, {}
for i = 3, #ARGV, 4 do
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
        token = token, limit = limit, received = tonumber(received), finished = finished}
    end
  end
  answer[#answer + 1] = share
end

local used, quantum, more = 0, 1, true
local hungry = #takers
while more and hungry > 0 and used < budget do
  hungry = 0
  for _, taker in ipairs(takers) do
    local count = math.min(quantum, taker.room)
    if count > 0 and more and used < budget then
      local read = redis.pcall('XREADGROUP', 'GROUP', group, taker.consumer, 'COUNT', count,
        'STREAMS', stream, '>')
      if read and read.err then
        return read
      end
      local entries = read and read[1][2] or {}
      for _, entry in ipairs(entries) do
        taker.share[#taker.share + 1] = entry
        for _, text in ipairs(entry[2]) do
          used = used + #text
        end
      end
      more = #entries == count
      taker.room = taker.room - #entries
      hungry = hungry + (taker.room > 0 and 1 or 0)
    end
  end
  quantum = math.min(quantum * 2, READ)
end
answer[2] = more and 1 or 0

-- Figures are worth no failure.
for _, taker in ipairs(takers) do
  if #taker.share > 1 then
    redis.pcall('HSET', leases, taker.consumer, string.format('%s %s %s %.0f %s', taker.expires,
      taker.token, taker.limit, taker.received + #taker.share - 1, taker.finished))
  end
end
return answer
