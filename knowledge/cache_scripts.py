"""The answer cache's steps in Lua: each runs whole on the server, so that two processes cannot mix theirs.

An entry is one string, as `cache_entry.written` gives it. `used` is a sorted set of the keys by when each was used
last, `brief` one of the keys of negative answers by when they end, both by the server's own clock: the processes'
clocks may differ. What the scripts do beside their task is tried only (`pcall`): a server that is full still reads.
"""

LOOKUP = """
-- KEYS entry, used; ARGV key
local row = redis.pcall('GET', KEYS[1])
if type(row) ~= 'string' then
  redis.pcall('ZREM', KEYS[2], ARGV[1])
  return false
end
local time = redis.call('TIME')
redis.pcall('ZADD', KEYS[2], time[1] * 1000000 + time[2], ARGV[1])
return row
"""

PEEK = """
-- KEYS entry
local row = redis.pcall('GET', KEYS[1])
return type(row) == 'string' and row
"""

STORE = """
-- KEYS entry, used, brief; ARGV key, value, generation, counter, milliseconds to live, most, prefix, is brief
local head = redis.pcall('GETRANGE', KEYS[1], 0, 511)
if type(head) == 'string' then
  local generation, counter = string.match(head, '^%S+ %S+ %S+ (%S+) (%d+) ')
  if generation == ARGV[3] and tonumber(counter) > tonumber(ARGV[4]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[5])
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000000 + time[2], ARGV[1])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[8] == '1' then
  redis.call('ZADD', KEYS[3], now + tonumber(ARGV[5]), ARGV[1])
else
  redis.call('ZREM', KEYS[3], ARGV[1])
end
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
for _, key in ipairs(ended) do
  redis.call('ZREM', KEYS[2], key)
  redis.call('ZREM', KEYS[3], key)
end
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[6])
if over > 0 then
  local gone = redis.call('ZPOPMIN', KEYS[2], math.min(over, 100))
  for i = 1, #gone, 2 do
    redis.call('DEL', ARGV[7] .. gone[i])
    redis.call('ZREM', KEYS[3], gone[i])
  end
end
return 1
"""

RESTAMP = """
-- KEYS entry; ARGV fingerprint, generation, counter, confidence
local row = redis.pcall('GET', KEYS[1])
if type(row) ~= 'string' then return 0 end
local ends = string.find(row, '\\n', 1, true)
if not ends then return 0 end
local first, fingerprint, generation, counter, last =
  string.match(string.sub(row, 1, ends - 1), '^(%S+ %S+) (%S+) (%S+) (%d+) %S+ (%S+ %S+)$')
if fingerprint ~= ARGV[1] then return 0 end
if generation == ARGV[2] and tonumber(counter) > tonumber(ARGV[3]) then return 0 end
local line = table.concat({first, fingerprint, ARGV[2], ARGV[3], ARGV[4], last}, ' ')
redis.call('SET', KEYS[1], line .. string.sub(row, ends), 'KEEPTTL')
return 1
"""

DROP = """
-- KEYS entry, used, brief; ARGV key
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
"""

TAKE = """
-- KEYS lock; ARGV token, milliseconds
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1
"""

RENEW = """
-- KEYS lock; ARGV token, milliseconds
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

RELEASE = """
-- KEYS lock; ARGV token
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
