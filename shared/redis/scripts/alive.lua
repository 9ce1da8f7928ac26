-- A sign of life of one nginx worker process that has consumers of work queues. Another one that wants
-- a name which this one's connections hold watches it: the worker is gone if the number stands still.
--
-- KEYS  notify:{queues}:alive:<worker>
-- ARGV  a number that is another one each time, ttl in ms
--
-- Answers 1. Safe to repeat.

-- Redis refuses nothing for want of memory in a script that has written: this writes nothing new.
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
