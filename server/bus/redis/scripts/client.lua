-- Notes how many connections a client has on one instance, and judges them:
-- are they too many with those of other instances, and is one of theirs newer?
-- A connection that the instance has not claimed the client for yet becomes
-- the newest of all, and the others are told. Claims have numbers in the order
-- in which they arrive here; they follow the clock, so that they go on when
-- Redis has lost its memory.
--
-- KEYS: 1 a hash: an instance's id of the moment -> "connections claim stamp
--       instance"
-- ARGV: 1 the id, 2 the instance (an earlier id of it counts no more),
--       3 connections, 4 limit (0: none), 5 stamp of the newest one (0: no
--       claims here), 6 and 7 number and stamp of the last claim it knows of,
--       8 control channel, 9 client, 10 time in ms
-- returns how many of the connections are too many, the number of the
-- instance's claim, the number of the newest one of others
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
  -- those that were let in stay, should the limit be lower now
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
