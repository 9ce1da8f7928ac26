-- Takes, keeps or gives back a consumer name. A name belongs to the worker whose token its lease
-- holds; a worker that died lets it lapse.
--
-- KEYS  notify:{S}:lease:<name> of each name that will do, the best one first
-- ARGV  token, ttl in ms (0: give back)
--
-- Answers the place (1, 2, …) of the name that this token holds now, or 0. Safe to repeat.

local token, ttl = ARGV[1], tonumber(ARGV[2])

for place, key in ipairs(KEYS) do
  if redis.call('GET', key) == token then
    if ttl == 0 then
      redis.call('DEL', key)
    else
      redis.call('PEXPIRE', key, ttl)
    end
    return place
  end
end

if ttl > 0 then
  for place, key in ipairs(KEYS) do
    if redis.call('SET', key, token, 'NX', 'PX', ttl) then
      return place
    end
  end
end
return 0
