-- Sets how many connections a client has in a channel on one instance, and
-- notifies the subscribers when the client joins or finally leaves.
--
-- A client that leaves may reconnect soon. Until the delay is over, it stays a
-- member under the reserved instance 0000000000000000. Its field there holds
-- the time at which the delay ends. A call for the reserved instance removes
-- the client if that time has passed.
--
-- KEYS: 1 connections by instance and client (hash), each followed by "|" and
--       the client's public info, if any; 2 instances by client (hash)
-- ARGV: 1 instance, 2 client, 3 connections, 4 the client's public info
--       (JSON), or empty, 5 "tell" or "quiet", 6 pub/sub channel, 7 time in ms,
--       8 "SPUBLISH" or "PUBLISH", 9 delay in ms before a client has left
--       (0: none)
-- Returns the event ("J", "L" or ""), the number of clients left, and the
-- remaining delay in ms if it is not over.
local nobody = '0000000000000000'
local field, waiting = ARGV[1] .. '|' .. ARGV[2], nobody .. '|' .. ARGV[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = redis.call('HGET', KEYS[1], field)
local event

local function due_of(value)
  return tonumber(string.match(value, '^%d+'))
end

if ARGV[1] == nobody and before and due_of(before) > now then
  return {'', redis.call('HLEN', KEYS[2]), due_of(before) - now}
end

local function remove(instance_field)
  redis.call('HDEL', KEYS[1], instance_field)
  if redis.call('HINCRBY', KEYS[2], ARGV[2], -1) <= 0 then
    redis.call('HDEL', KEYS[2], ARGV[2])
    event = 'L'
  end
end

if tonumber(ARGV[3]) > 0 then
  redis.call('HSET', KEYS[1], field, ARGV[3] .. (ARGV[4] ~= '' and '|' .. ARGV[4] or ''))
  if not before and redis.call('HINCRBY', KEYS[2], ARGV[2], 1) == 1 then
    event = 'J'
  end
  if redis.call('HEXISTS', KEYS[1], waiting) == 1 then remove(waiting) end
elseif before then
  local is_last = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0') <= 1
  if is_last and tonumber(ARGV[9]) > 0 and ARGV[1] ~= nobody then
    redis.call('HDEL', KEYS[1], field)
    redis.call('HSET', KEYS[1], waiting, 
               string.format('%.0f', now + tonumber(ARGV[9])) .. (string.match(before, '|.*') or ''))
  else
    remove(field)
  end
end

if event and ARGV[5] == 'tell' then
  redis.call(ARGV[8], ARGV[6], event .. '||0|' .. ARGV[7] .. '|' .. ARGV[2] .. '|' ..
                               (event == 'J' and ARGV[4] or ''))
end
return {event or '', redis.call('HLEN', KEYS[2]), 0}
