-- Figures of a group's consumers that are connected now, anywhere.
--
-- KEYS  notify:{S}:consumers:<G>
--
-- Answers {consumers, entries given to them, entries of theirs that were finished}, counted since
-- each one connected.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local count, received, finished = 0, 0, 0
local all = redis.call('HGETALL', KEYS[1])
for i = 2, #all, 2 do
  local expires, r, f = string.match(all[i], '^(%d+) %S+ %d+ (%d+) (%d+)$')
  if expires and tonumber(expires) > now then
    count, received, finished = count + 1, received + r, finished + f
  end
end
return {count, received, finished}
