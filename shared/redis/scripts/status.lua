-- Figures of a stream.
--
-- KEYS  stream
-- ARGV  group whose pending entries are counted (may be empty)
--
-- Answers {exists, length, pending, first entry, last entry}: pending is 0 where there is no such
-- group, the entries are nil in an empty stream.

local stream, group = KEYS[1], ARGV[1]

local length = redis.pcall('XLEN', stream)
if type(length) == 'table' then
  return length
end
local pending = 0
if group and group ~= '' then
  local summary = redis.pcall('XPENDING', stream, group)
  pending = not summary.err and summary[1] or 0
end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
return {redis.call('EXISTS', stream), length, pending, first or false, last or false}
