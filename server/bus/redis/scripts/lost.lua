-- Checks whether this server still has the last message that an instance saw
-- acknowledged in a channel. This server may not be the one that acknowledged
-- it: a replica may have taken over, or an address may have moved. If the
-- message is missing, all subscribers of the channel are notified; an instance
-- that is not subscribed yet learns of it when it reads the position.
--
-- KEYS: 1 position (hash), 2 stream
-- ARGV: 1 epoch and 2 offset of the message, 3 its time, 4 the new epoch to
--       use if one is needed, 5 seconds to keep the position, 6 run id of the
--       server, or empty (see publish.lua), 7 pub/sub channel, 8 "SPUBLISH" or
--       "PUBLISH", 9 time of the acknowledgment
-- Returns 1 if the message is missing.
local state = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'run', 'lost')
local epoch, offset = state[1], tonumber(state[2] or '0')
local known = tonumber(ARGV[2])
-- no position: the next reader creates it with a new epoch and reports a gap
if not epoch then return 1 end

local function is_there()
  if epoch ~= ARGV[1] or offset < known then return false end
  if ARGV[6] ~= '' and state[3] and state[3] ~= ARGV[6] then return false end
  local id = string.format('%.0f-0', known)
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if not entry then return true end
  local head = string.format('P|%s|%.0f|%s|', epoch, known, ARGV[3])
  return string.sub(entry[2][2], 1, #head) == head
end
if is_there() then return 0 end

-- newer epochs are greater: a greater one was set by another instance
if epoch <= ARGV[1] then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[4], 'offset', 0)
  if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'run', ARGV[6]) end
  redis.call('DEL', KEYS[2])
  redis.call('EXPIRE', KEYS[1], ARGV[5])
end
if tonumber(ARGV[9]) > tonumber(state[4] or 0) then
  redis.call('HSET', KEYS[1], 'lost', ARGV[9])
end
redis.call(ARGV[8], ARGV[7], 'G||0|' .. ARGV[9] .. '||')
return 1
