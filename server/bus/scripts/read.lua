-- Where a channel stands, and what its stream holds; as of one moment.
--
-- KEYS: 1 position (hash), 2 stream
-- ARGV: 1 epoch if there is none, 2 seconds the position is kept,
--       3 "after" or "last" or "none", 4 the offset after which to read, or
--       how many of the last, 5 the epoch the reader knows, 6 the offset it
--       knows; both may be empty
-- returns epoch, offset, entries (oldest first)
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[1]) == 1 then
  redis.call('DEL', KEYS[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local offset = tonumber(redis.call('HGET', KEYS[1], 'offset') or '0')
-- Redis may have lost its newest messages (a crash, an old replica). Offsets
-- given out twice would name two messages: so they get another epoch.
if epoch == ARGV[5] and offset < tonumber(ARGV[6]) then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'epoch', epoch)
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
