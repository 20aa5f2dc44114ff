-- Removes the members of a dead instance from one channel. Clients without a
-- connection on another instance may reconnect soon; they are kept as
-- described in presence.lua.
--
-- KEYS: 1 connections by instance and client (hash), 2 instances by client
-- ARGV: 1 the dead instance, 2 "tell" or "quiet", 3 pub/sub channel,
--       4 time in ms, 5 "SPUBLISH" or "PUBLISH", 6 delay in ms before a client
--       has left (0: none)
-- Returns the number of clients left, the clients that have left, and the
-- clients that may reconnect, each followed by its remaining delay in ms.
local prefix, nobody = ARGV[1] .. '|', '0000000000000000|'
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local gone, waiting = {}, {}

local function wait(client, due)
  waiting[#waiting + 1] = client
  waiting[#waiting + 1] = math.max(due - now, 0)
end

local function take_out(client, value)
  if redis.call('HINCRBY', KEYS[2], client, -1) > 0 then return end
  if tonumber(ARGV[6]) > 0 then
    local due = now + tonumber(ARGV[6])
    redis.call('HSET', KEYS[1], nobody .. client,
               string.format('%.0f', due) .. (string.match(value, '|.*') or ''))
    redis.call('HSET', KEYS[2], client, 1)
    wait(client, due)
    return
  end
  redis.call('HDEL', KEYS[2], client)
  gone[#gone + 1] = client
  if ARGV[2] == 'tell' then
    redis.call(ARGV[5], ARGV[3], 'L||0|' .. ARGV[4] .. '|' .. client .. '|')
  end
end

local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local owner = string.sub(fields[i], 1, #prefix)
  local client = string.sub(fields[i], #prefix + 1)
  if owner == prefix then
    redis.call('HDEL', KEYS[1], fields[i])
    take_out(client, fields[i + 1])
  elseif owner == nobody then
    wait(client, tonumber(string.match(fields[i + 1], '^%d+')))
  end
end
return {redis.call('HLEN', KEYS[2]), gone, waiting}
