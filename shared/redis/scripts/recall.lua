-- What consumers were given a short while ago: for an nginx worker that has lost the answer to a take
-- or a claim.
--
-- KEYS  stream, notify:{S}:consumers:<G>
-- ARGV  group, how long ago at most in ms, then consumer, token; and so on
--
-- Answers {'ok', {id, …}, …}, a list for each consumer in that order, or {'lost'} if there is no such
-- group. It is empty where the name is not that connection's any more. Of a consumer with more than
-- MOST pending entries only the first ones are looked at: the others come when the ack timeout has passed.

local MOST = 1000

local stream, leases, group, recent = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

local answer = {'ok'}
for i = 3, #ARGV, 2 do
  local ids = {}
  local pending = redis.pcall('XPENDING', stream, group, '-', '+', MOST, ARGV[i])
  if pending.err then
    local lost = string.find(pending.err, 'NOGROUP', 1, true)
      or string.find(pending.err, 'WRONGTYPE', 1, true)
    return lost and {'lost'} or pending
  end
  local lease = redis.call('HGET', leases, ARGV[i])
  if string.match(lease or '', '^%d+ (%S+) ') == ARGV[i + 1] then
    for _, item in ipairs(pending) do
      if item[3] <= recent then
        ids[#ids + 1] = item[1]
      end
    end
  end
  answer[#answer + 1] = ids
end
return answer
