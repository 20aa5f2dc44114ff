-- Where a channel stands, and what its stream holds; as of one moment.
--
-- KEYS: 1 position (hash), 2 stream
-- ARGV: 1 epoch if there is none, 2 seconds the position is kept,
--       3 "after" or "last" or "none", 4 the offset after which to read, or
--       how many of the last; and what the reader knows, or empty: 5 epoch,
--       6 offset, 7 time and sender of the message there
-- returns epoch, offset, entries (oldest first)
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1]) == 1 then
  redis.call('DEL', KEYS[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local offset = tonumber(redis.call('HGET', KEYS[1], 'offset') or '0')

-- Redis may have lost its newest messages (a crash, an old snapshot), and
-- others may have published since. An offset given out twice would name two
-- messages: so there is another epoch.
local function is_lost()
  local known = tonumber(ARGV[6])
  if epoch ~= ARGV[5] then return false end
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

local found = {}
if ARGV[3] == 'after' then
  found = redis.call('XRANGE', KEYS[2], string.format('%.0f-0', tonumber(ARGV[4]) + 1), '+')
elseif ARGV[3] == 'last' then
  local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', ARGV[4])
  for i = #newest, 1, -1 do found[#found + 1] = newest[i] end
end
local entries = {}
for i, entry in ipairs(found) do entries[i] = entry[2][2] end
return {epoch, offset, entries}
