-- Stores how many connections a client has on one instance and enforces the
-- limit across instances.
--
-- An instance that holds a newer connection than its last claim gets a new
-- claim for the client, and the other instances are notified. Claims are
-- numbered in the order in which they arrive here. The numbers follow the
-- clock, so they keep rising even if Redis loses its data.
--
-- KEYS: 1 hash: current id of an instance -> "connections claim stamp instance"
-- ARGV: 1 the id, 2 the instance (entries under its earlier ids are removed),
--       3 connections, 4 limit (0: none), 5 stamp of the newest connection
--       (0: no claim), 6 and 7 number and stamp of the last claim that the
--       instance knows, 8 control channel, 9 client, 10 time in ms
-- Returns the number of connections over the limit, the number of the
-- instance's claim, and the highest claim number of the other instances.
local instance, connections, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local newest, claim, stamp = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local theirs, others, before = 0, 0, 0

local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local value = {string.match(fields[i + 1], '^(%d+) (%d+) (%d+) (%x+)$')}
  local whose = value[4]
  if whose == instance then
    claim = math.max(claim, tonumber(value[2]))
    stamp = math.max(stamp, tonumber(value[3]))
    before = math.max(before, tonumber(value[1]))
  elseif whose then
    others = others + tonumber(value[1])
    theirs = math.max(theirs, tonumber(value[2]))
  end
  if (not whose or whose == instance) and fields[i] ~= ARGV[1] then
    redis.call('HDEL', KEYS[1], fields[i])
  end
end

local kept = connections
if limit > 0 then
  -- a lower limit does not close connections that were already accepted
  kept = math.min(kept, math.max(before, limit - others))
end
if kept > 0 and newest > stamp then
  local now = redis.call('TIME')
  claim = math.max(tonumber(now[1]) * 1000000 + tonumber(now[2]), claim + 1, theirs + 1)
  stamp = newest
  redis.call('PUBLISH', ARGV[8], string.format('X|%s|%.0f|%s|%s|', ARGV[9], claim, ARGV[10], instance))
end
if kept > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %.0f %.0f %s', kept, claim, stamp, instance))
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return {connections - kept, claim, theirs}
