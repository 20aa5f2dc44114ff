-- Moves a malformed entry out of the input stream, to where a person can look
-- at it; whoever acknowledges it moves it.
--
-- KEYS: 1 input stream, 2 stream of what was set aside
-- ARGV: 1 group, 2 the entry's id, 3 why, 4 how many are kept, 5 bytes that
--       are kept of a field
-- returns whether it was moved
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
local entry = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1]
local words = {'entry', ARGV[2], 'why', ARGV[3]}
for i, word in ipairs(entry and entry[2] or {}) do
  if i > 16 then break end
  words[#words + 1] = string.sub(word, 1, tonumber(ARGV[5]))
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(words))
redis.call('XDEL', KEYS[1], ARGV[2])
return 1
