-- Which of these entries does each consumer still hold? For one whose messages from the control
-- channel may have been lost, and for entries that native clients acknowledged.
--
-- KEYS  stream
-- ARGV  group, then consumer, id; and so on
--
-- Answers {'ok', 1 or 0 for each}, or {'lost'} if there is no such group.

local stream, group = KEYS[1], ARGV[1]

local answer = {'ok'}
for i = 2, #ARGV, 2 do
  local pending = redis.pcall('XPENDING', stream, group, ARGV[i + 1], ARGV[i + 1], 1)
  if pending.err then
    local lost = string.find(pending.err, 'NOGROUP', 1, true)
      or string.find(pending.err, 'WRONGTYPE', 1, true)
    return lost and {'lost'} or pending
  end
  answer[#answer + 1] = pending[1] and pending[1][2] == ARGV[i] and 1 or 0
end
return answer
