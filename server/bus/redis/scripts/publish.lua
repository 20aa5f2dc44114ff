-- Numbers a message, stores it in the channel's stream and publishes it, all
-- or nothing. If the response is lost, the instance sends the publish again;
-- the repeated publish is not executed again and gets the original response.
--
-- KEYS: 1 position (hash), 2 stream, 3 the instance's last publishes here
--       (list, newest first: "number offset"), 4 for an entry from the input
--       stream: that stream; for a publish with an idempotency key: the stored
--       response
-- ARGV: 1 pub/sub channel, 2 epoch to use if there is none, 3 the instance's
--       number for this publish, 4 messages to keep (0: none), 5 seconds to
--       keep them, 6 seconds to keep the position after the last publish,
--       7 time in ms, 8 sender, 9 payload, 10 "SPUBLISH" or "PUBLISH",
--       11 number of the previous unanswered publish (0: none), 12 number of
--       unanswered publishes, 13 seconds to remember this publish in case its
--       response is lost, 14 group of the input stream, or empty, 15 id of the
--       entry there, or seconds to keep the idempotency key, 16 for a channel
--       without history: run id of the server, or empty. If the run id
--       changes, the server was restarted or another one took over. It may
--       lack messages, so the channel gets a new epoch.
-- Returns epoch and offset; '' and 0 if the message will not be published.
local number = tonumber(ARGV[3])

local function done_at(index)
  local done = redis.call('LINDEX', KEYS[3], index)
  if not done then return 0, 0 end
  local done_number, offset = string.match(done, '^(%d+) (%d+)$')
  return tonumber(done_number), tonumber(offset)
end

-- binary search: the numbers decrease along the list
local function find_done()
  local first, last = 0, redis.call('LLEN', KEYS[3]) - 1
  while first <= last do
    local middle = math.floor((first + last) / 2)
    local done_number, offset = done_at(middle)
    if done_number == number then return offset end
    if done_number > number then first = middle + 1 else last = middle - 1 end
  end
  return 0
end

local function remember(offset)
  redis.call('LPUSH', KEYS[3], number .. ' ' .. offset)
  redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[12]) - 1)
  redis.call('EXPIRE', KEYS[3], ARGV[13])
end

local newest = done_at(0)
if number <= newest then
  local offset = find_done()
  if offset == 0 then return {'', 0} end
  return {redis.call('HGET', KEYS[1], 'epoch') or ARGV[2], offset}
end
-- the previous publish is not stored yet: this one would overtake it
if tonumber(ARGV[11]) > newest then
  return redis.error_reply('TRYAGAIN the publish before this one is missing')
end

-- a backend without a response may retry through another instance
local is_once = KEYS[4] and ARGV[14] == ''
if is_once then
  local epoch, offset =
    string.match(redis.call('GET', KEYS[4]) or '', '^(%x+) (%d+)$')
  if epoch then
    remember(tonumber(offset))
    return {epoch, tonumber(offset)}
  end
end

-- only the instance that acknowledges an input stream entry publishes it
if KEYS[4] and not is_once then
  if redis.call('XACK', KEYS[4], ARGV[14], ARGV[15]) == 0 then
    remember(0)
    return {'', 0}
  end
  redis.call('XDEL', KEYS[4], ARGV[15])
end

-- Removes at most two expired messages per publish, to bound its duration.
local function drop_old(seconds)
  local oldest_time = tonumber(ARGV[7]) - seconds * 1000
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 2)) do
    local time = string.match(entry[2][2], '^P|[^|]*|%d+|(%d+)|')
    if not time or tonumber(time) >= oldest_time then break end
    redis.call('XDEL', KEYS[2], entry[1])
  end
end

local function publish()
  -- a new epoch restarts the offsets, so older entries must be deleted
  if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[2]) == 1 then
    redis.call('DEL', KEYS[2])
  end
  local epoch, was = unpack(redis.call('HMGET', KEYS[1], 'epoch', 'run'))
  local run = ARGV[16] or ''
  if run ~= '' and was ~= run then
    if was then
      epoch = ARGV[2]
      redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0)
      redis.call('DEL', KEYS[2])
    end
    redis.call('HSET', KEYS[1], 'run', run)
  end
  local offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  local envelope = 'P|' .. epoch .. '|' .. offset .. '|' .. ARGV[7] .. '|' ..
                   ARGV[8] .. '|' .. ARGV[9]
  local size = tonumber(ARGV[4])
  if size > 0 then
    redis.call('XADD', KEYS[2], 'MAXLEN', size, offset .. '-0', 'e', envelope)
    redis.call('EXPIRE', KEYS[2], ARGV[5])
    drop_old(tonumber(ARGV[5]))
  end
  remember(offset)
  if is_once then
    redis.call('SET', KEYS[4], epoch .. ' ' .. offset, 'EX', ARGV[15])
  end
  redis.call(ARGV[10], ARGV[1], envelope)
  return {epoch, offset}
end

-- a channel with broken keys must not block later publishes
local is_done, result = pcall(publish)
if is_done then return result end
local why = type(result) == 'table' and result.err or tostring(result)
if done_at(0) ~= number then remember(0) end
return redis.error_reply(why)
