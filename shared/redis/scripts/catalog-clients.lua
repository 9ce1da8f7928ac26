-- Catalogue: makes the hash of clients what the database holds, unless it shows a later state already.
-- Several workers may do this at the same time: the latest revision stays.
--
-- KEYS  notify:{catalog}:clients
-- ARGV  the database's id, its revision of clients, then name, digest, name, digest, …
--
-- Answers 1; 0 where a later revision of the same database stands there.

local key = KEYS[1]
local known = redis.call('HMGET', key, ':database', ':revision')
if known[1] == ARGV[1] and tonumber(known[2]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('DEL', key)
redis.call('HSET', key, ':database', ARGV[1], ':revision', ARGV[2])
for first = 3, #ARGV, 1000 do
  redis.call('HSET', key, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
return 1
