-- Records an instance's heartbeat and lists the instances whose heartbeat is
-- overdue. Uses the clock of Redis, because the instances' clocks may differ.
--
-- KEYS: 1 instances by the time of their last heartbeat (sorted set)
-- ARGV: 1 instance, 2 silence in ms after which an instance counts as dead
-- Returns whether the instance was known, then the dead instances. A leading
-- "-" marks an instance that announced its shutdown; the remaining instances
-- still wait for its clients to reconnect.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now_ms, ARGV[1])
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms - tonumber(ARGV[2]))
for i, id in ipairs(dead) do
  if redis.call('ZSCORE', KEYS[1], id) == '0' then dead[i] = '-' .. id end
end
table.insert(dead, 1, before and '1' or '0')
return dead
