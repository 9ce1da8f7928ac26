-- What a consumer group has still to do.
--
-- KEYS  stream
-- ARGV  group
-- Answers {pending, consumers, lag, oldest}, or an empty list where there is no such stream or
-- group: lag is -1 where Redis does not know it, oldest the age in ms of the oldest entry that is
-- pending, by its id; 0 where none is.

local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then
  return {}
end
for _, raw in ipairs(groups) do
  local group = {}
  for i = 1, #raw, 2 do
    group[raw[i]] = raw[i + 1]
  end
  if group.name == ARGV[1] then
    local oldest = 0
    if group.pending > 0 then
      local id = redis.call('XPENDING', KEYS[1], ARGV[1])[2]
      local time = redis.call('TIME')
      local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
      oldest = math.max(0, now - tonumber(string.match(id, '^%d+')))
    end
    return {group.pending, group.consumers, tonumber(group.lag or nil) or -1, oldest}
  end
end
return {}
