-- Numbers a message, keeps it in the channel's stream, and publishes it; all
-- or nothing. A publish that was done already (its answer got lost, and the
-- instance asks again) is answered with what it got then.
--
-- KEYS: 1 position (hash), 2 stream, 3 the instance's last publishes here,
--       and for an entry from the input stream: 4 that stream
-- ARGV: 1 pub/sub channel, 2 epoch if there is none, 3 the instance's number
--       for this publish, 4 messages to keep (0: none), 5 seconds to keep
--       them, 6 seconds the position outlives the last publish, 7 time in ms,
--       8 sender, 9 payload, 10 "SPUBLISH" or "PUBLISH",
--       11 the input stream's group, 12 the entry's id there
-- returns epoch, offset
local number = tonumber(ARGV[3])

-- "number offset" of the instance's last publishes here, newest first: more
-- of them than it ever has in flight
local newest = redis.call('LINDEX', KEYS[3], 0)
if newest and number <= tonumber(string.match(newest, '^%d+')) then
  for _, done in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
    local done_number, done_offset = string.match(done, '^(%d+) (%d+)$')
    if tonumber(done_number) == number then
      return {redis.call('HGET', KEYS[1], 'epoch') or ARGV[2],
              tonumber(done_offset)}
    end
  end
end

-- an entry of the input stream counts once: whoever acknowledges it has it
if KEYS[4] then
  if redis.call('XACK', KEYS[4], ARGV[11], ARGV[12]) == 0 then
    return {'', 0}
  end
  redis.call('XDEL', KEYS[4], ARGV[12])
end

-- offsets start anew with a new epoch: nothing older may stay behind them
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[2]) == 1 then
  redis.call('DEL', KEYS[2])
end
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
redis.call('EXPIRE', KEYS[1], ARGV[6])

local envelope = 'P|' .. epoch .. '|' .. offset .. '|' .. ARGV[7] .. '|' ..
                 ARGV[8] .. '|' .. ARGV[9]
local size = tonumber(ARGV[4])
if size > 0 then
  redis.call('XADD', KEYS[2], 'MAXLEN', size, offset .. '-0', 'e', envelope)
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  -- a few of the oldest at a time: more go with the next publish
  local oldest_time = tonumber(ARGV[7]) - tonumber(ARGV[5]) * 1000
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 2)) do
    local time = string.match(entry[2][2], '^P|[^|]*|%d+|(%d+)|')
    if tonumber(time) >= oldest_time then break end
    redis.call('XDEL', KEYS[2], entry[1])
  end
end
redis.call('LPUSH', KEYS[3], number .. ' ' .. offset)
redis.call('LTRIM', KEYS[3], 0, 4095)
redis.call('EXPIRE', KEYS[3], 120)
redis.call(ARGV[10], ARGV[1], envelope)
return {epoch, offset}
