-- Sets how many connections a client has in a channel on one instance, and
-- tells the subscribers when it came to the channel or left it for good.
--
-- KEYS: 1 connections by instance and client (hash), 2 instances by client
--       (hash)
-- ARGV: 1 instance, 2 client, 3 connections, 4 "tell" or "quiet", 5 pub/sub
--       channel, 6 time in ms, 7 "SPUBLISH" or "PUBLISH"
-- Returns what happened ("J", "L" or ""), and how many clients are left.
local field = ARGV[1] .. '|' .. ARGV[2]
local before = redis.call('HEXISTS', KEYS[1], field) == 1
local after = tonumber(ARGV[3]) > 0
local event
if after then
  redis.call('HSET', KEYS[1], field, ARGV[3])
  if not before and redis.call('HINCRBY', KEYS[2], ARGV[2], 1) == 1 then
    event = 'J'
  end
elseif before then
  redis.call('HDEL', KEYS[1], field)
  if redis.call('HINCRBY', KEYS[2], ARGV[2], -1) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[2])
    event = 'L'
  end
end
if event and ARGV[4] == 'tell' then
  redis.call(ARGV[7], ARGV[5], event .. '||0|' .. ARGV[6] .. '|' .. ARGV[2] .. '|')
end
return {event or '', redis.call('HLEN', KEYS[2])}
