-- Which of these entries does a user's stream not hold any more? All of them where it is gone, or is
-- no stream.
--
-- KEYS  stream
-- ARGV  at most how many bytes of entries are read, then the ids
--
-- Answers Redis' time in ms, how many ids were looked at, from the first one on, and of these the
-- places (from 1) of those that are gone. Reads only.

local stream, budget = KEYS[1], tonumber(ARGV[1])

local time = redis.call('TIME')
local answer = {string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), #ARGV - 1}
local there = redis.call('TYPE', stream).ok == 'stream'
for i = 2, #ARGV do
  local found = there and redis.call('XRANGE', stream, ARGV[i], ARGV[i], 'COUNT', 1)[1]
  if not found then
    answer[#answer + 1] = i - 1
  else
    for _, text in ipairs(found[2]) do
      budget = budget - #text
    end
    if budget < 0 then
      answer[2] = i - 1
      return answer
    end
  end
end
return answer
