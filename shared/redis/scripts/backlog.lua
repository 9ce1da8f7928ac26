-- What consumer groups have still to do.
--
-- KEYS  stream
-- ARGV  group (left out: all of them)
--
-- Answers for one group {pending, consumers, lag, oldest}, or an empty list where there is no such
-- stream or group: lag is -1 where it is not known, oldest the age in ms of the oldest entry that is
-- pending, by its id; 0 where none is. For all of them {length, {name, consumers, pending, lag}, …}.
--
-- Redis counts lag as entries ever added less entries ever read. Where entries were trimmed that a group
-- had not read, that stays too large for ever. So where the entries that there are tell more, they count.

local stream, wanted = KEYS[1], ARGV[1]

local function members(list)
  local named = {}
  for i = 1, #list, 2 do
    named[list[i]] = list[i + 1]
  end
  return named
end

-- Ids have two numbers of 64 bits, which Lua's numbers do not: compared as digits.
local function below(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)%-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)%-(%d+)$')
  if a_ms == b_ms then
    a_ms, b_ms = a_seq, b_seq
  end
  if #a_ms ~= #b_ms then
    return #a_ms < #b_ms
  end
  return a_ms < b_ms
end

local facts
local function lag_of(group)
  local lag = tonumber(group.lag or nil)
  if lag == 0 then
    return 0
  end
  facts = facts or members(redis.call('XINFO', 'STREAM', stream))
  local read, first, last = group['last-delivered-id'], facts['first-entry'], facts['last-entry']
  if not last or not below(read, last[1]) then
    return 0
  end
  if below(read, first[1]) then
    return facts.length
  end
  -- The first one at least was read, or passed over.
  return lag and lag < facts.length and lag or -1
end

local groups = redis.pcall('XINFO', 'GROUPS', stream)
if not wanted then
  if groups.err then
    return groups
  end
  local all = {redis.call('XLEN', stream)}
  for _, raw in ipairs(groups) do
    local group = members(raw)
    all[#all + 1] = {group.name, group.consumers, group.pending, lag_of(group)}
  end
  return all
end
if groups.err then
  return {}
end
for _, raw in ipairs(groups) do
  local group = members(raw)
  if group.name == wanted then
    local oldest = 0
    if group.pending > 0 then
      local id = redis.call('XPENDING', stream, wanted)[2]
      local time = redis.call('TIME')
      local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
      oldest = math.max(0, now - tonumber(string.match(id, '^%d+')))
    end
    return {group.pending, group.consumers, lag_of(group), oldest}
  end
end
return {}
