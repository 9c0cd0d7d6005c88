"""The answer cache's steps in Lua: each runs whole on the server, so that two processes cannot mix theirs.

An entry is a hash: v the answer, f the fingerprint, g and c the corpus version. `used` is a sorted set of the
keys by when each was used last.
"""

LOOKUP = """
-- KEYS entry, used; ARGV key, now
local row = redis.call('HMGET', KEYS[1], 'v', 'f', 'g', 'c')
if row[1] then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1]) end
return row
"""

PEEK = """
-- KEYS entry
return redis.call('HMGET', KEYS[1], 'v', 'f', 'g', 'c')
"""

STORE = """
-- KEYS entry, used; ARGV key, value, fingerprint, generation, counter, expires, now, most, prefix
local held = redis.call('HMGET', KEYS[1], 'g', 'c')
if held[1] == ARGV[4] and tonumber(held[2]) > tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'f', ARGV[3], 'g', ARGV[4], 'c', ARGV[5])
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[2], ARGV[7], ARGV[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[8])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[2], math.min(over, 100))
  for i = 1, #gone, 2 do redis.call('DEL', ARGV[9] .. gone[i]) end
end
return 1
"""

RESTAMP = """
-- KEYS entry; ARGV fingerprint, generation, counter
local held = redis.call('HMGET', KEYS[1], 'f', 'g', 'c')
if held[1] ~= ARGV[1] then return 0 end
if held[2] == ARGV[2] and tonumber(held[3]) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'g', ARGV[2], 'c', ARGV[3])
return 1
"""

DROP = """
-- KEYS entry, used; ARGV key
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
"""

RELEASE = """
-- KEYS lock; ARGV token
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
