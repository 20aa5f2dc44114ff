-- Takes the members of a dead instance out of one channel.
--
-- KEYS: 1 connections by instance and client (hash), 2 instances by client
-- ARGV: 1 the dead instance, 2 "tell" or "quiet", 3 pub/sub channel,
--       4 time in ms, 5 "SPUBLISH" or "PUBLISH"
-- Returns how many clients are left, and then those that are gone for good.
local prefix = ARGV[1] .. '|'
local gone = {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, #prefix) == prefix then
    local client = string.sub(field, #prefix + 1)
    redis.call('HDEL', KEYS[1], field)
    if redis.call('HINCRBY', KEYS[2], client, -1) <= 0 then
      redis.call('HDEL', KEYS[2], client)
      gone[#gone + 1] = client
      if ARGV[2] == 'tell' then
        redis.call(ARGV[5], ARGV[3], 'L||0|' .. ARGV[4] .. '|' .. client .. '|')
      end
    end
  end
end
table.insert(gone, 1, redis.call('HLEN', KEYS[2]))
return gone
