-- Remembers which groups have an entry in flight, so that it can be finished by its id alone; or
-- forgets it. All these keys lie in one cluster slot.
--
-- KEYS  notify:{inflight}:<id>, for each entry
-- ARGV  stream and group as queue_pair() of schema_queues.hpp writes them, ttl in ms (0: forget)
--
-- Answers how many changed. Safe to repeat.

local pair, ttl = ARGV[1], tonumber(ARGV[2])

-- Redis refuses nothing for want of memory in a script that has written: this writes nothing. What was
-- given out is to be finished where memory is full, too.
redis.call('SREM', KEYS[1], '')

local changed = 0
for _, key in ipairs(KEYS) do
  if ttl == 0 then
    changed = changed + redis.call('SREM', key, pair)
  else
    changed = changed + redis.call('SADD', key, pair)
    if redis.call('PTTL', key) < ttl then
      redis.call('PEXPIRE', key, ttl)
    end
  end
end
return changed
