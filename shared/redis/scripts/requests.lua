-- Which requests brought these entries: from what publish.lua and publish-batch.lua keep beside the
-- stream. There the last entry of each publish bears the id of its request, and of a batch the id of
-- the first entry.
--
-- KEYS  notify:{S}:requests
-- ARGV  ids of entries
--
-- Answers for each the id of its request, '' where that is not kept (any more). Safe to repeat.

local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local function is_before(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end

local answer = {}
for i, id in ipairs(ARGV) do
  answer[i] = ''
  local found = redis.pcall('XRANGE', KEYS[1], id, '+', 'COUNT', '1')
  local last = not found.err and found[1]
  if last then
    local request, first = last[2][2], last[2][4] or last[1]
    if not is_before(id, first) then
      answer[i] = request
    end
  end
end
return answer
