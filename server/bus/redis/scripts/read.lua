-- Reads a channel's position and the entries of its stream atomically.
--
-- KEYS: 1 position (hash), 2 stream
-- ARGV: 1 epoch to use if there is none, 2 seconds to keep the position,
--       3 "after", "last" or "none", 4 the offset to read after, or the number
--       of latest messages to read; the last message known to the reader, or
--       empty: 5 epoch, 6 offset, 7 time and sender, or only the time; 8 stop
--       after this many bytes of entries (0: no limit), 9 run id of the server,
--       or empty (see publish.lua)
-- Returns epoch, offset, entries (oldest first), the time of the message at that
-- offset (0: it is not in the stream), and when the last message that is known
-- to be lost was acknowledged (0: none).
--
-- Writes only if necessary, so that an existing channel can still be read from
-- a server that rejects writes.
if not redis.call('HGET', KEYS[1], 'epoch') then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
  redis.call('DEL', KEYS[2])
end
local run = ARGV[9] or ''
if run ~= '' then
  local was = redis.call('HGET', KEYS[1], 'run')
  if was and was ~= run then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'offset', 0)
    redis.call('DEL', KEYS[2])
  end
  if was ~= run then redis.call('HSET', KEYS[1], 'run', run) end
end
redis.pcall('EXPIRE', KEYS[1], ARGV[2])
local state = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'lost')
local epoch, offset = state[1], tonumber(state[2] or '0')

-- Redis may have lost its newest messages (a crash, an old snapshot), and
-- others may have published since. The same offset would then name two
-- messages, so the channel needs a new epoch. If the epoch known to the reader
-- is greater, Redis returned to a state before that epoch and its messages are
-- lost.
local function is_lost()
  local known = tonumber(ARGV[6])
  if epoch ~= ARGV[5] then return epoch < ARGV[5] end
  if offset < known then return true end
  if ARGV[7] == '' then return false end
  local id = string.format('%.0f-0', known)
  local there = redis.call('XRANGE', KEYS[2], id, id)[1]
  if not there then return false end
  local last = string.format('P|%s|%.0f|%s', epoch, known, ARGV[7])
  return string.sub(there[2][2], 1, #last) ~= last
end
if is_lost() then
  epoch = ARGV[1]
  offset = 0
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0)
  redis.call('DEL', KEYS[2])
end

local entries = {}
local bytes = 0
local enough = tonumber(ARGV[8])
if enough == 0 then enough = math.huge end

-- Reads a few entries at a time, so that Redis does not load unneeded ones.
local function read(after)
  local from = string.format('%.0f-0', after + 1)
  repeat
    local some = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 16)
    for _, entry in ipairs(some) do
      if bytes >= enough then return end
      entries[#entries + 1] = entry[2][2]
      bytes = bytes + #entry[2][2]
      from = string.match(entry[1], '^%d+') .. '-1'
    end
  until #some < 16
end
-- offsets are consecutive, so the start of the latest messages is known
if ARGV[3] == 'after' then
  read(tonumber(ARGV[4]))
elseif ARGV[3] == 'last' then
  read(math.max(offset - tonumber(ARGV[4]), 0))
end
local id = string.format('%.0f-0', offset)
local newest = redis.call('XRANGE', KEYS[2], id, id)[1]
local time = newest and string.match(newest[2][2], '^P|[^|]*|%d+|(%d+)|')
return {epoch, offset, entries, tonumber(time or 0), tonumber(state[3] or 0)}
